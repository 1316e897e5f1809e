import { z } from 'zod'
import { fullListOf, mapping, mappingOf, number, text, whole } from './vocabulary.ts'

const grid = fullListOf(number(0, 1000), 'distances, ascending from 0')
const accuracies = fullListOf(number(0, 1), 'accuracies from 0 to 1')

/** A file with one accuracy table (core/learning/accuracy-table.ts). */
export const accuracyFileSchema = mapping({
  id: text('a name for the table'),
  source: text('how the table was made'),
  parameters: mappingOf(
    z.union([z.number(), z.string()], { error: 'a number or a text' }),
    'names of parameters to their values',
  ).prefault({}),
  driftGrid: grid,
  stalenessGrid: grid,
  initialAccuracy: accuracies,
  configurations: fullListOf(
    mapping({
      id: text('a name for the configuration'),
      epochs: whole(1, 100_000),
      samplesPerEpoch: whole(1),
      accuracy: fullListOf(accuracies, 'one list of accuracies for each staleness'),
      accuracySpread: number(0, 1),
      learningCurve: fullListOf(accuracies, 'one list of accuracies for each staleness'),
    }),
    'configurations',
  ),
})

export type AccuracyFile = z.output<typeof accuracyFileSchema>
