/** Resolves after that long, or at once when the signal is given. */
export function pause(seconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const timer = setTimeout(finish, 1000 * seconds)
    signal.addEventListener('abort', finish)

    function finish(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', finish)
      resolve()
    }
  })
}

/** Waits for a signal until it is forgotten: signals outlive what waits for them. */
export type AwaitedSignal = { readonly given: Promise<void>; readonly forget: () => void }

export function awaitSignal(signal: AbortSignal): AwaitedSignal {
  let resolve = (): void => {}
  const given = new Promise<void>((resolveGiven) => {
    resolve = resolveGiven
  })
  const onAbort = () => resolve()
  if (signal.aborted) onAbort()
  else signal.addEventListener('abort', onAbort)
  return { given, forget: () => signal.removeEventListener('abort', onAbort) }
}
