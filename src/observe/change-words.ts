import type { TenantEffect } from '../core/plan/change-effects.ts'
import type { Holding, LayoutChange } from '../core/plan/explain.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import { count, points } from './units.ts'

/** Below this share of the window's Goodput an effect is not worth a word. */
const effectMin = 0.0005

/** Whether anybody gains or loses by it as much as is worth a word. */
export function matters({ effects, net }: LayoutChange, objectiveMax: number): boolean {
  const least = effectMin * objectiveMax
  return (
    Math.abs(net) >= least ||
    effects.some(
      ({ objective, terminal }) => Math.max(Math.abs(objective), Math.abs(terminal)) >= least,
    )
  )
}

/** What changes hands and when, and on a second line what that is worth, to whom. */
export function changeWords(
  problem: PlanningProblem,
  change: LayoutChange,
  objectiveMax: number,
): string {
  const { from, to, effects, gpu, atSeconds, comparedUntilSeconds, net } = change
  const where = problem.gpus.length > 1 ? ` on GPU ${gpu}` : ''
  const taken = listed(from.map(fromWords))
  const verb = from.length > 1 ? 'make room' : 'makes room'
  const given = listed(to.map(toWords))
  const head = from.length === 0 ? 'idle slices' : to.length === 0 ? taken : `${taken} ${verb}`
  const tail = to.length === 0 ? ' is let go' : `: ${given}`
  const worth = `worth ${pointsOf(net, objectiveMax)} points`
  const together = net < -effectMin * objectiveMax ? ', and pays with the other changes only' : ''
  const until = `${worth} by ${comparedUntilSeconds} s${together}`
  return `${atSeconds} s${where}: ${head}${tail}\n${until}: ${effectsWords(effects, objectiveMax)}`
}

function pointsOf(worth: number, max: number): string {
  return points(max > 0 ? worth / max : 0, 2)
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
  const parts = [
    ...(Math.abs(objective) < effectMin * max ? [] : [pointsOf(objective, max)]),
    ...(Math.abs(terminal) < effectMin * max ? [] : [`${pointsOf(terminal, max)} later`]),
  ]
  if (parts.length === 0) return ''
  const requests = Math.round(Math.abs(inTime))
  const way = inTime > 0 ? 'more' : 'fewer'
  const answers = requests === 0 ? '' : ` (${count(requests)} ${way} requests in time)`
  return `${tenant} ${parts.join(' and ')}${answers}`
}
