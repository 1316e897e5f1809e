import { parseDocument, stringify } from 'yaml'

/**
 * NVIDIA mig-parted's layout files (its README and deployments/systemd/config-default.yaml): named
 * configurations, each a list of which GPUs get how many instances of which profiles. They count
 * and do not place.
 */
export type MigPartedFile = {
  readonly version: 'v1'
  readonly configs: ReadonlyMap<string, readonly MigPartedEntry[]>
}

export type MigPartedEntry = {
  /** PCI device ids (`0x20B010DE`) that it is for; null: any. */
  readonly deviceFilter: readonly string[] | null
  /** Indices of GPUs. */
  readonly devices: 'all' | readonly number[]
  readonly migEnabled: boolean
  /** Profile name to count. */
  readonly migDevices: ReadonlyMap<string, number>
}

export type ParsedMigParted =
  | { readonly kind: 'parsed'; readonly file: MigPartedFile }
  /** `what` is a clause with the place: `mig-configs.all-1g[0].devices is …`. */
  | { readonly kind: 'malformed'; readonly what: string }

/** YAML or JSON. Unknown keys are refused, as mig-parted itself refuses them. */
export function parseMigParted(text: string): ParsedMigParted {
  const document = parseDocument(text)
  const [error] = document.errors
  if (error !== undefined) return { kind: 'malformed', what: error.message }
  try {
    return { kind: 'parsed', file: readFile(document.toJS()) }
  } catch (thrown) {
    if (thrown instanceof Malformed) return { kind: 'malformed', what: thrown.message }
    throw thrown
  }
}

export function printMigParted({ configs }: MigPartedFile): string {
  const plain = [...configs].map(([name, entries]) => [name, entries.map(printEntry)])
  return stringify({ version: 'v1', 'mig-configs': Object.fromEntries(plain) })
}

class Malformed extends Error {}

type Plain = Readonly<Record<string, unknown>>

function readFile(value: unknown): MigPartedFile {
  const file = fields('the file', value, ['version', 'mig-configs'])
  if (file['version'] !== 'v1') refuse('version', file['version'], "'v1'")
  const configs = fields('mig-configs', file['mig-configs'], null)
  return {
    version: 'v1',
    configs: new Map(
      Object.entries(configs).map(([name, entries]) => {
        const path = `mig-configs.${name}`
        const list = Array.isArray(entries) ? entries : refuse(path, entries, 'a list')
        return [name, list.map((entry, i) => readEntry(`${path}[${i}]`, entry))]
      }),
    ),
  }
}

function readEntry(path: string, value: unknown): MigPartedEntry {
  const keys = ['device-filter', 'devices', 'mig-enabled', 'mig-devices']
  const entry = fields(path, value, keys)
  const migEnabled = entry['mig-enabled']
  if (typeof migEnabled !== 'boolean') {
    return refuse(`${path}.mig-enabled`, migEnabled, 'true or false')
  }
  return {
    deviceFilter: readFilter(`${path}.device-filter`, entry['device-filter']),
    devices: readDevices(`${path}.devices`, entry['devices']),
    migEnabled,
    migDevices: readCounts(`${path}.mig-devices`, entry['mig-devices'] ?? {}),
  }
}

function readFilter(path: string, value: unknown): readonly string[] | null {
  if (value === undefined || value === null || value === '') return null
  const list = Array.isArray(value) ? value : [value]
  return list.map((id) => (typeof id === 'string' ? id : refuse(path, id, 'a PCI device id')))
}

function readDevices(path: string, value: unknown): 'all' | readonly number[] {
  if (value === 'all') return value
  const list = Array.isArray(value) ? value : refuse(path, value, "'all' or a list of indices")
  return list.map((index) => count(path, index))
}

function readCounts(path: string, value: unknown): ReadonlyMap<string, number> {
  const counts = Object.entries(fields(path, value, null))
  return new Map(counts.map(([name, own]) => [name, count(`${path}.${name}`, own)]))
}

function count(path: string, value: unknown): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number
  return refuse(path, value, 'a whole number')
}

function fields(path: string, value: unknown, known: readonly string[] | null): Plain {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return refuse(path, value, 'a map')
  }
  const strange = Object.keys(value).find((key) => known !== null && !known.includes(key))
  if (strange !== undefined) {
    throw new Malformed(`${path} has the key ${strange}; known are ${known?.join(', ')}`)
  }
  return value as Plain
}

function refuse(path: string, value: unknown, expected: string): never {
  const found = value === undefined ? 'missing' : JSON.stringify(value)
  throw new Malformed(`${path} is ${found}, not ${expected}`)
}

function printEntry({ deviceFilter, devices, migEnabled, migDevices }: MigPartedEntry): Plain {
  return {
    ...(deviceFilter === null ? {} : { 'device-filter': deviceFilter }),
    devices,
    'mig-enabled': migEnabled,
    'mig-devices': Object.fromEntries(migDevices),
  }
}
