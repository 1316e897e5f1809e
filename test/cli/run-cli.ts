import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

export type CliAnswer = { readonly code: number; readonly stdout: string; readonly stderr: string }

/** Runs the built command line; `npm test` has built it. */
export function runCli(
  words: readonly string[],
  options: { cwd: string; input?: string; kilobytes?: number },
): CliAnswer {
  const own = [process.execPath, main, ...words]
  // Of a POSIX shell: blocks of 512 bytes.
  const limit = `ulimit -f ${2 * (options.kilobytes ?? 0)}; exec "$0" "$@"`
  const [program = '', ...rest] =
    options.kilobytes === undefined ? own : ['sh', '-c', limit, ...own]
  const { status, stdout, stderr, error } = spawnSync(program, rest, {
    cwd: options.cwd,
    encoding: 'utf8',
    input: options.input ?? '',
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, NO_COLOR: '1' },
  })
  if (error !== undefined) throw error
  return { code: status ?? -1, stdout, stderr }
}

export type RunningCli = {
  readonly child: ChildProcess
  /** Comes back once stderr has that many lines. */
  readonly lines: (count: number) => Promise<void>
  readonly ended: Promise<CliAnswer & { readonly signal: string | null }>
}

/** Starts the built command line and leaves it running. */
export function startCli(words: readonly string[]): RunningCli {
  const child = spawn(process.execPath, [main, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1' },
  })
  const text = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text.stdout += part
  })
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    text.stderr += part
  })
  const ended = new Promise<CliAnswer & { readonly signal: string | null }>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code: code ?? -1, signal, ...text }))
  })
  const lines = async (count: number): Promise<void> => {
    while (text.stderr.split('\n').length <= count && child.exitCode === null) {
      await new Promise((go) => setTimeout(go, 10))
    }
  }
  return { child, lines, ended }
}
