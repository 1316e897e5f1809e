import { must } from '../base/assert.ts'
import type { NodeSettings, TenantWorkers } from '../core/node-settings.ts'
import type { SourceDocument } from './document.ts'
import type { SiteConfig } from './schema/site-schema.ts'
import type { WorkersConfig } from './schema/tenant-schema.ts'

/** What a node needs, with its contradictions told. */
export function resolveNode(config: SiteConfig, source: SourceDocument): NodeSettings {
  const { node, tenants, window } = config
  const isRun = tenants.some(({ workers }) => workers !== undefined)
  if (isRun && node.planning >= window) {
    const found = `${node.planning}s`
    const accepted = `less than the window of ${window}s`
    throw source.error(['node', 'planning'], { code: 'contradiction', found, accepted })
  }
  const { router, control } = node
  if (router.port !== 0 && router.port === control.port && router.host === control.host) {
    const accepted = 'another port than that of the router'
    const found = String(control.port)
    throw source.error(['node', 'control', 'port'], { code: 'contradiction', found, accepted })
  }
  return {
    mode: node.mode,
    device: node.device,
    router,
    control,
    planningSecondsMax: node.planning,
    heldOutShare: node.heldOut,
    versionsKept: node.versionsKept,
    onExit: node.onExit,
    workers: tenants.map(({ workers }) => (workers === undefined ? null : workersOf(workers))),
  }
}

function workersOf(workers: WorkersConfig): TenantWorkers {
  if (workers === 'reference') return { kind: 'reference' }
  const { inference, retraining, model, environment, ready, memoryMax } = workers
  return {
    kind: 'commands',
    inference: commandOf(inference),
    retraining: retraining === undefined ? null : commandOf(retraining),
    model,
    environment,
    readySecondsMax: ready,
    memoryMiBMax: memoryMax ?? null,
  }
}

function commandOf([program, ...args]: readonly string[]): readonly [string, ...string[]] {
  return [must(program, 'A command has a program'), ...args]
}
