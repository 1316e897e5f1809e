import type { Alternative, PlanExplanation } from '../core/plan/explain.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import { changeWords, matters } from './change-words.ts'
import { limitWords, roomWords } from './limit-words.ts'
import { tenantWords } from './tenant-words.ts'
import { points } from './units.ts'

/** Changes told in full; the rest is summed up. */
const changesMax = 12

/**
 * An explanation in words that a person can act on. Gains are in points: hundredths of what the
 * window would be worth if every request were answered in time and correctly.
 */
export function planWords(problem: PlanningProblem, explanation: PlanExplanation): string {
  const { alternatives, limits, tenants, objectiveMax } = explanation
  const pointsOf = pointsUnder(objectiveMax)
  const room = roomWords(explanation, pointsOf)
  const sections: readonly Section[] = [
    [
      'Why this plan: what others would be worth',
      alternatives.map((own, i) => alternativeWords(problem, explanation, { own, rank: i })),
    ],
    ['Changes of the layout, each beside leaving it out', changeList(problem, explanation)],
    [
      'What limits this plan',
      [...limits.map((own) => limitWords(problem, own, pointsOf)), ...room],
    ],
    ['What each tenant may expect', tenants.map((own) => tenantWords(own, pointsOf))],
  ]
  const text = sections.map(([title, lines]) => [title, ...bulleted(lines)].join('\n'))
  return [...text, bulletless(scale)].join('\n\n')
}

type Section = readonly [title: string, lines: readonly string[]]

const scale =
  'One point is a hundredth of what the window would be worth with every request answered in ' +
  'time and correctly. "Later" is what a better version is worth after the window. Changes lean ' +
  'on each other, so their points do not add up.'

/** Worths as points, signed. */
function pointsUnder(objectiveMax: number): (worth: number) => string {
  return (worth) => points(objectiveMax > 0 ? worth / objectiveMax : 0, 2)
}

const columnsMax = 100

function bulleted(lines: readonly string[]): readonly string[] {
  if (lines.length === 0) return ['  none']
  return lines.flatMap((line) =>
    line.split('\n').flatMap((part, i) => wrapped(part, i === 0 ? '  - ' : '    ', '      ')),
  )
}

function bulletless(text: string): string {
  return wrapped(text, '', '').join('\n')
}

/**
 * Words on lines of at most `columnsMax`, the first after `head`, the others after `indent`. A
 * number and its groups of three digits stay together, and so do a number and its unit.
 */
function wrapped(text: string, head: string, indent: string): readonly string[] {
  const lines: string[] = []
  let line = head
  let isEmpty = true
  for (const word of text.split(/(?<!\d) | (?!\d|s\b|%)/)) {
    if (!isEmpty && line.length + 1 + word.length > columnsMax) {
      lines.push(line)
      line = indent
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
  { own, rank }: { readonly own: Alternative; readonly rank: number },
): string {
  const isNothing = own.name === 'keep-layout' && problem.running.length === 0
  const name = isNothing ? 'doing nothing' : (alternativeNames[own.name] ?? own.name)
  if (own.breach !== null) return `${name} is no choice: ${own.breach}`
  const pointsOf = pointsUnder(objectiveMax)
  const head = `${rank === 0 ? 'runner-up, ' : ''}${name}: objective ${own.objective.toFixed(5)}`
  const isSame = Math.abs(objective - own.objective) + Math.abs(terminal - own.terminal) < 1e-9
  if (isSame) return `${head}, just what this plan is worth`
  const later = terminal - own.terminal
  const isSmall = Math.abs(later) < 0.00005 * objectiveMax
  const after = isSmall ? '' : ` and ${pointsOf(later)} later`
  const lead = objective - own.objective + later
  const isBetter = lead < -0.00005 * objectiveMax
  const verdict = isBetter ? ', so that one is better' : ''
  return `${head}; this plan has ${pointsOf(objective - own.objective)} points${after}${verdict}`
}

function changeList(problem: PlanningProblem, explanation: PlanExplanation): readonly string[] {
  const { changes, objectiveMax } = explanation
  const mattering = changes.filter((change) => matters(change, objectiveMax))
  const most = [...mattering].sort((a, b) => Math.abs(b.net) - Math.abs(a.net))
  const told = most.slice(0, changesMax)
  const lines = changes
    .filter((change) => told.includes(change))
    .map((change) => changeWords(problem, change, objectiveMax))
  const [less, idle] = [mattering.length - told.length, changes.length - mattering.length]
  return [
    ...lines,
    ...(less === 0 ? [] : [`and ${less} more that ${less === 1 ? 'matters' : 'matter'} less`]),
    ...(idle === 0 ? [] : [`and ${idle} more that ${idle === 1 ? 'brings' : 'bring'} nothing`]),
  ]
}
