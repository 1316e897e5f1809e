import { z } from 'zod'

/** One batch size on one profile: timed, or why it did not run. */
const batch = z.object({
  items: z.int().min(1),
  date: z.string(),
  outcome: z.union([
    z.object({
      /** Executions that were timed, warm-up excluded. */
      count: z.int().min(1),
      perSecond: z.number().positive(),
      medianSeconds: z.number().positive(),
      p95Seconds: z.number().positive(),
    }),
    z.object({ didNotRun: z.string() }),
  ]),
})

const retraining = z.object({
  date: z.string(),
  configuration: z.string(),
  outcome: z.union([
    z.object({
      /** Of the whole work, from the first step on. */
      seconds: z.number().positive(),
      /** Of the work, from which the seconds of the whole were told; 1: all of it. */
      shareDone: z.number().positive().max(1),
      samplesPerSecond: z.number().positive(),
    }),
    z.object({ didNotRun: z.string() }),
  ]),
})

const onProfile = z.object({
  /** From the start of the process until it was ready, or made its first step; one a start. */
  startSeconds: z.array(z.number().min(0)),
  /** The most that the driver told of the worker's processes; null: it told nothing. */
  memoryMiB: z.number().nullable(),
  /** Ascending by items. */
  batches: z.array(batch),
  retraining: retraining.nullable(),
})

/** What `migrator profile` keeps of a table beside its rates, under `measured`. */
const measuredTable = z.object({
  device: z.enum(['nvml', 'simulated']),
  driver: z.string(),
  /** The GPU's name, as its driver gives it. */
  board: z.string(),
  /** The command that was measured, in words. */
  worker: z.string(),
  requests: z.string(),
  /** A hash: figures made under others are not mixed with these. */
  conditions: z.string(),
  profiles: z.record(z.string(), onProfile),
})

export type MeasuredBatch = z.output<typeof batch>
export type MeasuredRetraining = z.output<typeof retraining>
export type MeasuredProfile = z.output<typeof onProfile>
export type MeasuredTable = z.output<typeof measuredTable>
export type Conditions = Omit<MeasuredTable, 'profiles'>

/** Which table of a file of figures. */
export type TableKey = {
  readonly kind: 'inference' | 'training'
  /** Of the model, or of the job. */
  readonly model: string
  /** Id of a GPU model. */
  readonly gpu: string
  /** Of a training job; null for inference, which has many. */
  readonly batch: number | null
}

export type KeptTable = TableKey & { readonly measured: MeasuredTable }

export const unmeasured: MeasuredProfile = {
  startSeconds: [],
  memoryMiB: null,
  batches: [],
  retraining: null,
}

/** Null: it was not written by this program, or not by one of this kind. */
export function readMeasuredTable(value: unknown): MeasuredTable | null {
  const read = measuredTable.safeParse(value)
  return read.success ? read.data : null
}

/** Larger than one that did not run. */
export function leftOut(items: number | undefined): { readonly didNotRun: string } {
  return { didNotRun: `left out: a batch of ${items} did not run` }
}
