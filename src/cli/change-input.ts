import type { MigPartedFile } from '../mig-parted/mig-parted-file.ts'
import type { ChangeFile } from '../reconfigure/change-file.ts'
import { parseChangeFile } from '../reconfigure/parse-change-file.ts'
import { readInput } from './read-input.ts'
import { UsageError } from './usage-error.ts'

/** What `apply` and `assert` take. */
export type ChangeInput =
  | { readonly kind: 'change'; readonly file: ChangeFile }
  | { readonly kind: 'mig-parted'; readonly file: MigPartedFile; readonly config: string }

export type InputOptions = { readonly file?: string; readonly config?: string }

/** A saved plan, or a mig-parted file with the configuration that is meant. */
export async function readChangeInput(
  path: string | undefined,
  { file, config }: InputOptions,
): Promise<ChangeInput> {
  const source = path ?? file
  if (source === undefined || (path !== undefined && file !== undefined)) {
    throw new UsageError('Name one file: a saved plan, or -f FILE --config NAME of mig-parted')
  }
  const text = readInput(source)
  const name = source === '-' ? 'stdin' : source
  if (text.trim() === '') throw new UsageError(`Cannot use ${name}: it is empty`)
  if (isMigParted(text)) return readMigParted(text, name, config)
  const parsed = parseChangeFile(text)
  if (parsed.kind === 'malformed') {
    throw new UsageError(
      `Cannot use ${name}: as a saved plan (migrator plan -o FILE) ${parsed.what}; ` +
        'a mig-parted file has the key mig-configs',
    )
  }
  if (config !== undefined) {
    throw new UsageError(`Cannot use --config with ${name}: it is a saved plan`)
  }
  return { kind: 'change', file: parsed.file }
}

function isMigParted(text: string): boolean {
  return /^["']?mig-configs["']?\s*:|[{,]\s*"mig-configs"\s*:/m.test(text)
}

async function readMigParted(
  text: string,
  name: string,
  config: string | undefined,
): Promise<ChangeInput> {
  const { parseMigParted } = await import('../mig-parted/mig-parted-file.ts')
  const parsed = parseMigParted(text)
  if (parsed.kind === 'malformed') {
    throw new UsageError(`Cannot use ${name} as a mig-parted file: ${parsed.what}`)
  }
  const known = [...parsed.file.configs.keys()]
  const only = known.length === 1 ? known[0] : undefined
  const chosen = config ?? only
  if (chosen === undefined || !known.includes(chosen)) {
    const given = config === undefined ? 'Name one with --config' : `It has no "${config}"`
    throw new UsageError(`${given}: the configurations of ${name} are ${known.join(', ')}`)
  }
  return { kind: 'mig-parted', file: parsed.file, config: chosen }
}
