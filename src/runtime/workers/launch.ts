import { spawn } from 'node:child_process'
import { dirname } from 'node:path'
import { createOutput } from './output-file.ts'
import { pause } from './pause.ts'
import { identityOfChild, isAlive } from './processes.ts'
import { type StartOfWorker, workerCommand, workerEnvironment } from './worker-environment.ts'
import type { WorkerExit } from './worker-events.ts'
import type { ProcessIdentity } from './worker-spec.ts'

export type Launched =
  | {
      readonly kind: 'launched'
      readonly identity: ProcessIdentity
      readonly exited: Promise<WorkerExit>
    }
  | { readonly kind: 'failed'; readonly message: string }

export type OutputPaths = { readonly stdoutPath: string; readonly stderrPath: string }

/**
 * Starts the worker as the leader of a session and process group of its own, in the directory of
 * its output files, with nothing of ours but those two files: it lives on when we die.
 */
export async function launchWorker(
  start: StartOfWorker,
  { stdoutPath, stderrPath }: OutputPaths,
): Promise<Launched> {
  const [program, ...args] = workerCommand(start)
  const stdout = await createOutput(stdoutPath)
  const stderr = await createOutput(stderrPath)
  try {
    const child = spawn(program, args, {
      cwd: dirname(stdoutPath),
      env: workerEnvironment(start, process.env),
      detached: true,
      shell: false,
      stdio: ['ignore', stdout.fd, stderr.fd],
    })
    // At once, while the child cannot have been reaped.
    const identity = child.pid === undefined ? null : identityOfChild(child.pid)
    const failure = new Promise<string>((resolve) => {
      child.on('error', (error) => resolve(error.message))
    })
    if (identity === null) return { kind: 'failed', message: `${program}: ${await failure}` }
    const exited = new Promise<WorkerExit>((resolve) => {
      child.once('exit', (code, signal) => resolve(exitOf(code, signal)))
    })
    child.unref()
    return { kind: 'launched', identity, exited }
  } catch (error) {
    // What spawn refuses to try: a NUL in an argument, say.
    return { kind: 'failed', message: `${program}: ${(error as Error).message}` }
  } finally {
    await Promise.all([stdout.close(), stderr.close()])
  }
}

/** The end of a process that another than we started; unresolved when told to stop. */
export async function exitOfAdopted(
  identity: ProcessIdentity,
  pollSeconds: number,
  signal: AbortSignal,
): Promise<WorkerExit> {
  while (isAlive(identity)) {
    await pause(pollSeconds, signal)
    if (signal.aborted) return new Promise(() => {})
  }
  return { kind: 'unknown' }
}

function exitOf(code: number | null, signal: NodeJS.Signals | null): WorkerExit {
  return code === null ? { kind: 'signal', signal: signal ?? 'unknown' } : { kind: 'code', code }
}
