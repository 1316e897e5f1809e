import { z } from 'zod'
import { arrivalsSchema } from './arrivals-schema.ts'
import { tenantListSchema } from './tenant-schema.ts'
import {
  choice,
  duration,
  fullListOf,
  listOf,
  mapping,
  mappingOf,
  number,
  positive,
  text,
  whole,
} from './vocabulary.ts'

const minute = { value: 60, text: '1min' }
const hour = { value: 3600, text: '1h' }
const week = { value: 604_800, text: '168h' }

const gpu = mapping({
  model: text('the id of a GPU model, such as a100-80gb'),
  count: whole(1, 64).prefault(1),
  profiles: fullListOf(
    text('the name of a GPU instance profile'),
    'names of GPU instance profiles',
  ).optional(),
})

/**
 * Create, destroy: constants of FAR (Villarrubia et al.) for an A100, 0.16-0.24 s and 0.20-0.22 s.
 * Checkpoint: 0.75 s to write one in Ekya (Bhardwaj et al., NSDI 2022). Cut-over: assumed.
 */
const costs = mapping({
  create: duration({ max: minute }).prefault('200ms'),
  destroy: duration({ max: minute }).prefault('200ms'),
  cutOver: duration({ max: minute }).prefault('1s'),
  checkpoint: duration({ max: minute }).prefault('750ms'),
})

const forecast = mapping({
  arrivals: choice(['last-window', 'seasonal', 'ewma-trend', 'auto']).prefault('auto'),
  season: duration({ isPositive: true, max: week }).optional(),
  injectedError: number(-1, 10).prefault(0),
  injectedAccuracyError: number(0, 1).prefault(0),
})

const planner = mapping({
  coarseSlot: duration({ isPositive: true, max: hour }).prefault('10s'),
  gapTarget: number(0, 1).prefault(0.003),
  workMax: whole(1).prefault(14_000),
})

const staticInstance = mapping({
  gpu: whole(0, 4095).prefault(0),
  profile: text('the name of a GPU instance profile'),
  start: whole(0, 11),
  tenant: text('the name of a tenant'),
  role: choice(['inference', 'retraining']).prefault('inference'),
})

const simulatedTenant = mapping({
  arrivals: arrivalsSchema,
  drift: mapping({
    perSecond: number(0, 10).prefault(0),
    shifts: listOf(
      mapping({ at: duration({ max: week }), distance: positive(100) }),
      'shifts {at, distance}',
    ).prefault([]),
  }).prefault({}),
  initialStaleness: number(0, 100).prefault(0),
})

const simulation = mapping({
  duration: duration({ isPositive: true, max: week }),
  history: duration({ max: week }).prefault('600s'),
  seeds: fullListOf(whole(0, 2 ** 32 - 1), 'seeds (whole numbers from 0)').prefault([1]),
  truthSpread: number(0, 0.5).prefault(0.1),
  labelledShare: positive(1).prefault(1),
  tenants: mappingOf(simulatedTenant, 'names of tenants to their arrivals and drift'),
})

const address = (port: number) =>
  mapping({
    host: text('an address to listen on').prefault('127.0.0.1'),
    port: whole(0, 65_535).prefault(port),
  }).prefault({})

const node = mapping({
  mode: choice(['active', 'advisory']).prefault('active'),
  device: choice(['simulated', 'nvml']).prefault('simulated'),
  router: address(8000),
  control: address(8001),
  planning: duration({ isPositive: true, max: minute }).prefault('2s'),
  heldOut: number(0.01, 0.9).prefault(0.2),
  versionsKept: whole(2, 1000).prefault(5),
  onExit: choice(['keep', 'restore']).prefault('keep'),
})

/**
 * A site file, as people write it: names, units, defaults. `resolve-site.ts` makes a Site of it.
 */
export const siteSchema = mapping({
  version: z.literal(1, { error: '1, the version of this format' }),
  name: text('a name for the site').prefault('site'),
  gpus: fullListOf(gpu, 'GPUs'),
  profiles: listOf(text('the path of a file of figures'), 'paths of files of figures').prefault([]),
  tenants: tenantListSchema,
  window: duration({ isPositive: true, max: hour }).prefault('200s'),
  slot: duration({ isPositive: true, max: minute }).prefault('1s'),
  costs: costs.prefault({}),
  residenceMin: duration({ max: hour }).prefault(0),
  terminal: duration({ max: week }).optional(),
  forecast: forecast.prefault({}),
  planner: planner.prefault({}),
  policy: text('the name of a policy').prefault('migrator'),
  static: fullListOf(staticInstance, 'GPU instances of the layout of policy static').optional(),
  node: node.prefault({}),
  simulation: simulation.optional(),
})

export type SiteConfig = z.output<typeof siteSchema>
export type StaticConfig = NonNullable<SiteConfig['static']>
export type NodeConfig = SiteConfig['node']
export type SimulationConfig = NonNullable<SiteConfig['simulation']>
