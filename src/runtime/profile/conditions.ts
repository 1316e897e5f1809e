import { readFileSync } from 'node:fs'
import { hash64 } from '../../base/hash.ts'
import type { Driver } from '../../devices/device.ts'
import type { InferRequest } from '../open-inference/protocol.ts'
import type { Conditions } from './measured-table.ts'
import type { ProfiledTenant } from './profiled-tenant.ts'

type Asked = {
  readonly tenant: ProfiledTenant
  readonly isSimulated: boolean
  readonly driver: Driver
  readonly board: string
  /** Names of the profiles that the GPU has. */
  readonly profiles: readonly string[]
}

/** What the figures of serving hold for. */
export function servingConditions(asked: Asked, sample: InferRequest | null): Conditions {
  const { itemsPerRequest: size, program } = asked.tenant
  const kind =
    sample === null ? 'made-up requests' : `a given request (${hash64(JSON.stringify(sample))})`
  const words = `${kind} of ${size} ${size === 1 ? 'item' : 'items'}`
  return conditionsOf(asked, program.inference, words)
}

/** What the figures of a retraining hold for; it must have one, and a command for it. */
export function retrainingConditions(asked: Asked): Conditions {
  const { program, retraining } = asked.tenant
  const words = `configuration ${retraining?.configurationId}, ${retraining?.samples} samples`
  return conditionsOf(asked, program.retraining ?? [], words)
}

function conditionsOf(asked: Asked, command: readonly string[], requests: string): Conditions {
  const { tenant, isSimulated, driver, board } = asked
  const { program, isReference } = tenant
  const worker = isReference ? 'reference worker' : command.join(' ')
  const device = isSimulated ? 'simulated' : 'nvml'
  const told = { device, driver: driver.version, board, worker, requests } as const
  const environment = Object.entries(program.environment).sort()
  const model = isReference ? paceOf(asked) : program.firstVersion
  return { ...told, conditions: hash64(JSON.stringify([told, environment, model])) }
}

/** The pace that reference workers keep is what they are. */
function paceOf({ tenant, profiles }: Asked): readonly string[] {
  const paths = profiles.map((name) => tenant.program.paceFileOf(name))
  return [...new Set(paths)].flatMap((path) => (path === null ? [] : [readFileSync(path, 'utf8')]))
}
