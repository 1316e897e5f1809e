import { z } from 'zod'
import {
  duration,
  fullListOf,
  mapping,
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
})

export const tenantListSchema = fullListOf(tenantSchema, 'tenants').max(64, {
  error: 'a list of at most 64 tenants',
})

export type TenantConfig = z.output<typeof tenantSchema>
export type ItemsConfig = TenantConfig['items']
