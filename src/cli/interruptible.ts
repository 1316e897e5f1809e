/**
 * While `run` is under way, Ctrl-C and SIGTERM do not end the process but abort the signal, so that
 * it can stop where nothing is half done.
 */
export async function interruptible<T>(run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const before = process.listeners('SIGINT')
  const stop = (): void => {
    if (controller.signal.aborted) return
    process.stderr.write('Stopping after the step under way\n')
    controller.abort()
  }
  process.removeAllListeners('SIGINT')
  process.on('SIGINT', stop).on('SIGTERM', stop)
  try {
    return await run(controller.signal)
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop)
    for (const listener of before) process.on('SIGINT', listener)
  }
}
