import { daemonUrl } from './daemon-process.ts'
import { UsageError } from './usage-error.ts'

const answerMsMax = 10_000

/** What a daemon's control API answers at that path. Throws UsageError where there is no daemon. */
export async function askDaemon(
  { stateDir, url }: { readonly stateDir: string; readonly url: string | null },
  path: string,
): Promise<unknown> {
  const base = url ?? daemonUrl(stateDir)
  if (base === null) {
    throw new UsageError(`Cannot ask the daemon: none runs on ${stateDir}; start one: migrator run`)
  }
  const token = process.env['MIGRATOR_TOKEN']
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const signal = AbortSignal.timeout(answerMsMax)
  const answer = await fetch(new URL(path, base), { headers, signal }).catch((error: unknown) => {
    const words = error instanceof Error ? error.message : String(error)
    throw new UsageError(`Cannot ask the daemon at ${base}: ${words}`)
  })
  const body: unknown = await answer.json()
  if (answer.ok) return body
  const { error } = body as { readonly error?: unknown }
  throw new UsageError(`The daemon at ${base} answers ${answer.status}: ${String(error)}`)
}
