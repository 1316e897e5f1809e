import { z } from 'zod'
import {
  choice,
  fullListOf,
  listOf,
  mapping,
  mappingOf,
  number,
  positive,
  text,
  whole,
} from './vocabulary.ts'

const kind = choice(['inference', 'training'])

/** Items per second at one batch size. */
const perSecond = z.union([positive(1e9), z.literal('did-not-run'), z.null()], {
  error: 'items per second (a number greater than 0), did-not-run, or null where unknown',
})

const memoryMiB = z.union([positive(1e9), z.null()], {
  error: 'MiB (a number greater than 0), or null where unknown',
})

const together = z.union([whole(1, 64), z.null()], {
  error: 'a count of workers (1 to 64), or null where unknown',
})

const table = mapping({
  kind,
  model: text('the name of a model or job'),
  gpu: text('the id of a GPU model, such as a100-80gb'),
  item: text('what one item is, such as "image of 224 x 224"').optional(),
  startSeconds: number(0, 3600).optional(),
  startBasis: choice(['measured', 'assumed']).optional(),
  batches: fullListOf(whole(1, 65536), 'batch sizes, ascending'),
  perSecond: mappingOf(
    listOf(perSecond, 'items per second, one for each batch size'),
    'names of GPU instance profiles to lists of items per second',
  ),
  memoryMiB: mappingOf(
    listOf(memoryMiB, 'MiB that one worker takes, one for each batch size'),
    'names of GPU instance profiles to lists of MiB',
  ).optional(),
  together: mappingOf(
    listOf(together, 'counts of workers, one for each batch size'),
    'names of GPU instance profiles to lists of counts',
  )
    .optional()
    .meta({ description: 'How many such workers ran at once on one GPU instance' }),
  /** How `migrator profile` measured it (runtime/profile); nothing is planned by it. */
  measured: mappingOf(z.unknown(), 'conditions and details of a measurement').optional(),
})

const models = fullListOf(text('the name of a model or job'), 'names of models or jobs')
const reason = text('why the rule holds')

/** Figures that follow from other figures by a rule that is written down. */
const derivation = z.discriminatedUnion(
  'rule',
  [
    mapping({
      rule: z.literal('same-slices'),
      kind,
      models,
      gpu: text('the id of a GPU model'),
      basedOn: text('the id of the GPU model that was measured'),
      factor: positive(100),
      reason,
    }),
    mapping({
      rule: z.literal('between'),
      kind,
      models,
      gpu: text('the id of a GPU model'),
      profile: text('the name of the profile that was not measured'),
      below: text('the name of a measured profile'),
      above: text('the name of a measured profile'),
      share: number(0, 1),
      reason,
    }),
  ],
  { error: 'a rule, one of same-slices, between' },
)

/** One file of throughput figures: those that come with this program, and a person's own. */
export const profileFileSchema = mapping({
  version: z.literal(1, { error: '1' }),
  source: text('who measured these figures, where and how'),
  notes: listOf(z.string(), 'notes').optional(),
  tables: listOf(table, 'tables of figures'),
  derived: listOf(derivation, 'rules').optional(),
})

export type ProfileFile = z.output<typeof profileFileSchema>
export type ProfileTable = ProfileFile['tables'][number]
export type Derivation = NonNullable<ProfileFile['derived']>[number]
