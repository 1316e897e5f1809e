import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

export type CliAnswer = { readonly code: number; readonly stdout: string; readonly stderr: string }

/** Runs the built command line; `npm test` has built it. */
export function runCli(
  words: readonly string[],
  options: { cwd: string; input?: string },
): CliAnswer {
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [main, ...words], {
    cwd: options.cwd,
    encoding: 'utf8',
    input: options.input ?? '',
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, NO_COLOR: '1' },
  })
  if (error !== undefined) throw error
  return { code: status ?? -1, stdout, stderr }
}
