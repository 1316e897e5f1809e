import { z } from 'zod'
import {
  duration,
  fullListOf,
  mapping,
  mappingOf,
  memory,
  name,
  number,
  positive,
  text,
  whole,
} from './vocabulary.ts'

const hour = { value: 3600, text: '1h' }

const items = z.union(
  [
    whole(1, 4096),
    fullListOf(mapping({ items: whole(1, 4096), share: positive(1e6) }), 'items and their share'),
  ],
  { error: 'a whole number from 1 to 4096, or a list of {items, share}' },
)

const retraining = mapping({
  job: text('the name of a training job that has figures'),
  batch: whole(1, 65536),
  samplesScale: positive(1e9).prefault(1).meta({
    description: 'Samples of the real job for each sample of the accuracy table',
  }),
  configurations: fullListOf(
    text('the id of a configuration of the accuracy table'),
    'ids of configurations of the accuracy table',
  ).optional(),
})

const argv = (what: string) => fullListOf(text('a program or an argument'), what)

const commands = mapping({
  inference: argv('the command that serves (no shell), and its arguments'),
  retraining: argv('the command that retrains (no shell), and its arguments').optional(),
  model: text('the folder of the first version, relative to this file'),
  environment: mappingOf(z.string(), 'environment variables to their values').prefault({}),
  ready: duration({ isPositive: true, max: hour }).prefault('120s'),
  memoryMax: memory({ isPositive: true }).optional(),
})

/** `reference`: the learner that comes with the program, which needs no GPU. */
const workersError = 'reference, or a mapping with the keys inference, retraining, model'
const workers = z.union([z.literal('reference', { error: workersError }), commands], {
  error: workersError,
})

/** One continuous-learning tenant: a model that serves, and the job that retrains it. */
export const tenantSchema = mapping({
  name: name('the name of a tenant'),
  model: text('the name of a model that has figures'),
  slo: duration({ isPositive: true, max: hour }),
  weight: positive(1e6).prefault(1),
  items: items.prefault(1),
  sloAttainmentMin: number(0, 1).optional(),
  start: mapping({
    inference: duration({ max: hour }).optional(),
    retraining: duration({ max: hour }).optional(),
    restore: duration({ max: hour }).prefault('350ms'),
  }).prefault({}),
  memory: mapping({ inference: memory().optional(), retraining: memory().optional() }).prefault({}),
  accuracy: text('the name of an accuracy table, or the path of a file with one'),
  retraining: retraining.optional(),
  workers: workers.optional(),
})

export const tenantListSchema = fullListOf(tenantSchema, 'tenants').max(64, {
  error: 'a list of at most 64 tenants',
})

export type TenantConfig = z.output<typeof tenantSchema>
export type WorkersConfig = NonNullable<TenantConfig['workers']>
export type ItemsConfig = TenantConfig['items']
