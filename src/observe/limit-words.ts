import { unreachable } from '../base/assert.ts'
import type { BindingLimit } from '../core/plan/binding-limits.ts'
import type { PlanExplanation } from '../core/plan/explain.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import { percent } from './units.ts'

type Points = (worth: number) => string

/** A limit, and what would move it. */
export function limitWords(
  problem: PlanningProblem,
  limit: BindingLimit,
  pointsOf: Points,
): string {
  switch (limit.kind) {
    case 'room': {
      const seconds = problem.slotCount * problem.slotSeconds
      const share = percent(limit.seconds / seconds, 0)
      return `GPU ${limit.gpu} is full in ${share} of the window: nothing fits beside what is there`
    }
    case 'warm-up': {
      const starts =
        limit.changes === 1
          ? '1 start of a worker takes'
          : `${limit.changes} starts of workers take`
      const share = percent(limit.share)
      return `${starts} ${share} of the compute slices; faster starts would free them`
    }
    case 'floor':
      return (
        `${limit.tenant} is kept at ${percent(limit.sloAttainment)} in time by its floor of ` +
        `${percent(limit.sloAttainmentMin)}; a lower floor would leave more to others`
      )
    case 'residence':
      return (
        `${limit.instances} instances serve no longer than the minimum residence of ` +
        `${limit.seconds} s; a shorter one would let them change sooner`
      )
    case 'blocked':
      return `GPU ${limit.gpu}: ${limit.slices} memory slices are ${limit.reasons.join(' and ')}`
    case 'no-retraining':
      return noRetrainingWords(limit, pointsOf)
    default:
      return unreachable(limit)
  }
}

/** Points below which more room is no help, as a share of what the window would be worth. */
const helpMin = 0.0001

/** Whom more room would help most. */
export function roomWords(
  { limits, tenants, objectiveMax }: PlanExplanation,
  pointsOf: Points,
): readonly string[] {
  if (!limits.some(({ kind }) => kind === 'room')) return []
  const wanting = tenants.flatMap(({ tenant, oneMore }) =>
    oneMore === null || oneMore.objective < helpMin * objectiveMax ? [] : [{ tenant, ...oneMore }],
  )
  if (wanting.length === 0) return []
  const { tenant, profile, objective } = wanting.reduce((a, b) => {
    return b.objective > a.objective ? b : a
  })
  return [
    `more room would help ${tenant} most: ${pointsOf(objective)} points for one more ${profile} ` +
      'all the time',
  ]
}

function noRetrainingWords(
  { tenant, reason, worth }: Extract<BindingLimit, { kind: 'no-retraining' }>,
  pointsOf: Points,
): string {
  const head = `${tenant} does not retrain:`
  switch (reason) {
    case 'no-gain':
      return `${head} no configuration is expected to be better than the version it has`
    case 'cannot-run':
      return `${head} no instance of these GPUs can run it`
    case 'too-long':
      return `${head} it could not begin its work before the window ends`
    case 'no-room':
      return `${head} no instance to spare; a free one would bring ${pointsOf(worth)} points`
    default:
      return unreachable(reason)
  }
}
