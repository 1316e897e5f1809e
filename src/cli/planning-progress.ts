import { percent } from '../observe/units.ts'
import type { PlannerMessage } from '../runtime/planner-work.ts'

export type PlanningProgress = {
  readonly tell: (message: PlannerMessage) => void
  readonly stop: () => void
}

/** A line on stderr when that is a terminal; silent otherwise, so that logs stay clean. */
export function showPlanning(secondsMax: number): PlanningProgress {
  const { stderr } = process
  if (stderr.isTTY !== true) return { tell: () => {}, stop: () => {} }
  const from = performance.now()
  let seen = nothingSeen
  const draw = () => {
    const seconds = (performance.now() - from) / 1000
    stderr.write(`\r${progressLine(seen, { seconds, secondsMax })}\u001b[K`)
  }
  draw()
  const timer = setInterval(draw, 100)
  return {
    tell: (message) => {
      seen = seenWith(seen, message)
    },
    stop: () => {
      clearInterval(timer)
      stderr.write('\r\u001b[K')
    },
  }
}

/** The best plan so far and the least bound on objective plus terminal value of all plans. */
export type Seen = {
  readonly objective: number
  readonly terminal: number
  readonly boundTotal: number
}

export const nothingSeen: Seen = {
  objective: Number.NEGATIVE_INFINITY,
  terminal: 0,
  boundTotal: Number.POSITIVE_INFINITY,
}

/** What is known after a message; as in the answer, figures that are none change nothing. */
export function seenWith(seen: Seen, message: PlannerMessage): Seen {
  if (message.kind === 'incumbent') {
    const { objective, terminal } = message
    const isBetter = objective + terminal > seen.objective + seen.terminal
    return isBetter ? { ...seen, objective, terminal } : seen
  }
  if (message.kind === 'bound' && message.total < seen.boundTotal) {
    return { ...seen, boundTotal: message.total }
  }
  return seen
}

export function progressLine(
  { objective, terminal, boundTotal }: Seen,
  { seconds, secondsMax }: { readonly seconds: number; readonly secondsMax: number },
): string {
  const time = `${Math.min(seconds, secondsMax).toFixed(1)} s of ${secondsMax} s`
  if (!Number.isFinite(objective)) return `Planning, ${time}: no plan yet`
  const best = `Planning, ${time}: best objective ${objective.toFixed(5)}`
  if (!Number.isFinite(boundTotal)) return `${best}, no bound yet`
  const bound = Math.max(objective, boundTotal - terminal)
  const gap = objective > 0 ? `, gap ${percent(bound / objective - 1, 2)}` : ''
  return `${best}, bound ${bound.toFixed(5)}${gap}`
}
