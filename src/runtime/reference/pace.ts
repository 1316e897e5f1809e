import { z } from 'zod'
import { must } from '../../base/assert.ts'
import type { Site } from '../../core/site.ts'

/**
 * How fast the reference workers of one tenant pretend to be: paced by the profiles' figures, not
 * measured. They do their work for real and then wait until the figures say it is done.
 */
export type PaceFile = {
  readonly format: 1
  /** Where the figures are from, in words. */
  readonly basis: string
  /** By name of the GPU instance profile; of one GPU model. */
  readonly profiles: Readonly<Record<string, ProfilePace>>
}

export type ProfilePace = {
  /** Null where the tenant cannot serve. */
  readonly serving: ServingPace | null
  /** Null where it cannot retrain. */
  readonly retraining: RetrainingPace | null
}

export type ServingPace = {
  /** From the start of the process until it says ready. */
  readonly readySeconds: number
  /** What loading another version takes; it serves meanwhile. */
  readonly loadSeconds: number
  /** [n] = execution time of a batch of n items; index 0 is unused. The last n is the largest. */
  readonly latencySeconds: readonly number[]
}

export type RetrainingPace = {
  /** From the start of the process to its first step. */
  readonly startSeconds: number
  /** In addition, when it resumes. */
  readonly restoreSeconds: number
  /** Of writing a checkpoint, the last one (the version) included. */
  readonly checkpointSeconds: number
  /** By id of the retraining configuration: the whole work. */
  readonly wholeSeconds: Readonly<Record<string, number>>
}

export type ReadPaceResult =
  | { readonly kind: 'pace'; readonly pace: ProfilePace }
  | { readonly kind: 'unusable'; readonly reason: string }

const seconds = z.number().nonnegative()

const schema = z.object({
  format: z.literal(1),
  basis: z.string(),
  profiles: z.record(
    z.string(),
    z.object({
      serving: z
        .object({
          readySeconds: seconds,
          loadSeconds: seconds,
          latencySeconds: z.array(seconds).min(2),
        })
        .nullable(),
      retraining: z
        .object({
          startSeconds: seconds,
          restoreSeconds: seconds,
          checkpointSeconds: seconds,
          wholeSeconds: z.record(z.string(), seconds),
        })
        .nullable(),
    }),
  ),
})

/** The pace on one profile, out of a pace file's text. */
export function readPace(text: string, profile: string): ReadPaceResult {
  const parsed = schema.safeParse(jsonOf(text))
  if (!parsed.success) return { kind: 'unusable', reason: z.prettifyError(parsed.error) }
  const pace = parsed.data.profiles[profile]
  if (pace !== undefined) return { kind: 'pace', pace }
  const known = Object.keys(parsed.data.profiles).join(', ')
  return { kind: 'unusable', reason: `It has no profile ${profile}, only ${known}` }
}

/** The pace file of a tenant on one GPU model, by the figures that the site plans with. */
export function paceFileOf(site: Site, tenantId: string, gpuModelId: string): PaceFile {
  const tenant = must(site.tenants.find(({ id }) => id === tenantId))
  const profiles = site.classes.flatMap((each, k) => {
    if (each.gpuModelId !== gpuModelId) return []
    const latencySeconds = tenant.serving[k]?.latencySeconds ?? null
    const whole = tenant.retraining.flatMap(({ configurationId, secondsByClass }) => {
      const wholeSeconds = secondsByClass[k] ?? null
      return wholeSeconds === null ? [] : [[configurationId, wholeSeconds] as const]
    })
    const serving = latencySeconds && {
      readySeconds: tenant.inferenceStartSeconds,
      loadSeconds: site.costs.cutOverSeconds,
      latencySeconds,
    }
    const retraining = {
      startSeconds: tenant.retrainingStartSeconds,
      restoreSeconds: tenant.checkpointRestoreSeconds,
      checkpointSeconds: site.costs.checkpointSeconds,
      wholeSeconds: Object.fromEntries(whole),
    }
    const pace = { serving, retraining: whole.length === 0 ? null : retraining }
    return [[each.name, pace] as const]
  })
  const basis = `figures of ${site.name} for ${tenantId} on ${gpuModelId}: paced, not measured`
  return { format: 1, basis, profiles: Object.fromEntries(profiles) }
}

/** Seconds for `items`: above the largest batch, as full batches one after the other and a rest. */
export function pacedSeconds({ latencySeconds }: ServingPace, items: number): number {
  const most = latencySeconds.length - 1
  const full = Math.floor(items / most)
  const rest = items - full * most
  return full * must(latencySeconds[most]) + (rest === 0 ? 0 : must(latencySeconds[rest]))
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
