import { must, unreachable } from '../base/assert.ts'
import type { BindingLimit } from '../core/plan/binding-limits.ts'
import type { TenantEffect } from '../core/plan/change-effects.ts'
import type {
  Alternative,
  Holding,
  LayoutChange,
  PlanExplanation,
  TenantExpectation,
} from '../core/plan/explain.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import { count, percent, points } from './units.ts'

/** Changes told in full; the rest is summed up. */
const changesMax = 12
/** Below this share of the window's Goodput an effect is not worth a word. */
const effectMin = 0.0005

/**
 * An explanation in words that a person can act on. Gains are in points: hundredths of what the
 * window would be worth if every request were answered in time and correctly.
 */
export function planWords(problem: PlanningProblem, explanation: PlanExplanation): string {
  const { alternatives, limits, tenants, objectiveMax } = explanation
  const pointsOf = (worth: number) => points(objectiveMax > 0 ? worth / objectiveMax : 0, 2)
  const sections = [
    [
      'Compared with other plans',
      alternatives.map((own) => alternativeWords(problem, explanation, own)),
    ],
    ['Changes of the layout', changeList(problem, explanation)],
    ['What limits this plan', limits.map((own) => limitWords(problem, own, pointsOf))],
    ['What each tenant may expect', tenants.map((own) => tenantWords(own, pointsOf))],
  ] as const
  return sections.map(([title, lines]) => [title, ...bulleted(lines)].join('\n')).join('\n\n')
}

type Points = (worth: number) => string

const columnsMax = 100

function bulleted(lines: readonly string[]): readonly string[] {
  if (lines.length === 0) return ['  none']
  return lines.flatMap((line) =>
    line.split('\n').flatMap((part, i) => wrapped(part, i === 0 ? '  - ' : '    ')),
  )
}

/**
 * Words on lines of at most `columnsMax`, the first after `head`, the others set in by 6. A number
 * and its groups of three digits stay together.
 */
function wrapped(text: string, head: string): readonly string[] {
  const lines: string[] = []
  let line = head
  let isEmpty = true
  for (const word of text.split(/(?<!\d) | (?!\d)/)) {
    if (!isEmpty && line.length + 1 + word.length > columnsMax) {
      lines.push(line)
      line = '      '
      isEmpty = true
    }
    line += isEmpty ? word : ` ${word}`
    isEmpty = false
  }
  return [...lines, line]
}

const alternativeNames: Readonly<Record<string, string>> = {
  'keep-layout': 'keeping the layout as it is',
  'static-best': 'the best layout that never changes',
}

function alternativeWords(
  problem: PlanningProblem,
  { objective, terminal, objectiveMax }: PlanExplanation,
  other: Alternative,
): string {
  const isNothing = other.name === 'keep-layout' && problem.running.length === 0
  const name = isNothing ? 'doing nothing' : (alternativeNames[other.name] ?? other.name)
  const head = `${name}: objective ${other.objective.toFixed(5)}`
  if (!other.isLegal) return `${head}, which breaks a rule (a floor, or what is blocked)`
  const pointsOf = (worth: number) => points(objectiveMax > 0 ? worth / objectiveMax : 0, 2)
  const later = terminal - other.terminal
  const isSmall = Math.abs(later) < effectMin * objectiveMax
  const after = isSmall ? '' : `, and ${pointsOf(later)} for the time after it`
  const lead = pointsOf(objective - other.objective)
  return `${head}; this plan has ${lead} points in the window${after}`
}

function changeList(problem: PlanningProblem, explanation: PlanExplanation): readonly string[] {
  const { changes, objectiveMax } = explanation
  const told = [...changes].sort((a, b) => Math.abs(b.net) - Math.abs(a.net)).slice(0, changesMax)
  const lines = changes
    .filter((change) => told.includes(change))
    .map((change) => changeWords(problem, change, objectiveMax))
  const rest = changes.length - told.length
  return rest === 0 ? lines : [...lines, `and ${rest} more that matter less`]
}

function changeWords(
  problem: PlanningProblem,
  { from, to, effects, gpu, atSeconds, comparedUntilSeconds }: LayoutChange,
  objectiveMax: number,
): string {
  const where = problem.gpus.length > 1 ? ` on GPU ${gpu}` : ''
  const taken = listed(from.map(fromWords))
  const verb = from.length > 1 ? 'make room' : 'makes room'
  const given = listed(to.map(toWords))
  const head = from.length === 0 ? 'idle slices' : to.length === 0 ? taken : `${taken} ${verb}`
  const tail = to.length === 0 ? ' is let go' : `: ${given}`
  const until = `until ${comparedUntilSeconds} s, beside leaving it as it was`
  return `${atSeconds} s${where}: ${head}${tail}\n${until}: ${effectsWords(effects, objectiveMax)}`
}

function listed(parts: readonly string[]): string {
  if (parts.length < 2) return parts[0] ?? ''
  return `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`
}

function effectsWords(effects: readonly TenantEffect[], objectiveMax: number): string {
  const worthIt = [...effects].sort((a, b) => b.objective + b.terminal - (a.objective + a.terminal))
  const words = worthIt.map((own) => effectWords(own, objectiveMax)).filter((own) => own !== '')
  return words.length === 0 ? 'next to nothing' : words.join('; ')
}

function fromWords(own: Holding): string {
  const what = `${own.profile}@${own.start}`
  if (own.role === 'inference') return `${what} of ${own.tenant}`
  const how = own.outcome.kind === 'stopped' ? 'stopped' : 'done'
  return `${what} (retraining ${own.configurationId} of ${own.tenant}, ${how})`
}

function toWords(own: Holding): string {
  const what = `${own.profile}@${own.start}`
  if (own.role === 'inference')
    return `${what} serves ${own.tenant} from ${own.servesFromSeconds} s`
  const { outcome } = own
  const head = `${what} retrains ${own.tenant} with ${own.configurationId}`
  if (outcome.kind !== 'begun') return head
  return `${head}, done at ${outcome.doneSeconds} s for ${points(outcome.accuracyGain)} of accuracy`
}

function effectWords({ tenant, objective, terminal, inTime }: TenantEffect, max: number): string {
  const share = max > 0 ? objective / max : 0
  const later = max > 0 ? terminal / max : 0
  const parts = [
    ...(Math.abs(share) < effectMin ? [] : [`${points(share, 2)} points`]),
    ...(Math.abs(later) < effectMin ? [] : [`${points(later, 2)} after the window`]),
  ]
  if (parts.length === 0) return ''
  const requests = Math.round(inTime)
  const answers = requests === 0 ? '' : ` (${signed(requests)} requests in time)`
  return `${tenant} ${parts.join(' and ')}${answers}`
}

function signed(value: number): string {
  return `${value >= 0 ? '+' : '−'}${count(Math.abs(value))}`
}

function limitWords(problem: PlanningProblem, limit: BindingLimit, pointsOf: Points): string {
  switch (limit.kind) {
    case 'room': {
      const seconds = problem.slotCount * problem.slotSeconds
      const share = percent(limit.seconds / seconds, 0)
      return `GPU ${limit.gpu} has no room for another instance in ${share} of the window`
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
      return `${head} it would bring ${pointsOf(worth)} points if its instance cost nobody anything`
    default:
      return unreachable(reason)
  }
}

function tenantWords(own: TenantExpectation, pointsOf: Points): string {
  const { tenant, arrivals, inTime, sloAttainment, accuracy, goodput, retraining, oneMore } = own
  if (sloAttainment === null) return `${tenant}: no requests are expected`
  const head =
    `${tenant}: ${percent(sloAttainment)} of ${count(arrivals)} requests in time ` +
    `(${count(arrivals - inTime)} not), accuracy ${percent(accuracy ?? 0)}, ` +
    `Goodput ${percent(must(goodput))}`
  const retrained =
    retraining === null
      ? ''
      : `; retrains with ${retraining.configurationId}, done at ${retraining.doneSeconds} s`
  const more =
    oneMore === null
      ? ''
      : `; one more ${oneMore.profile} throughout would bring ${pointsOf(oneMore.objective)} points`
  return `${head}${retrained}${more}`
}
