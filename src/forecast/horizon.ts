/** The slots of a problem and the time after them whose accuracy still counts. */
export type Horizon = {
  readonly startSeconds: number
  readonly slotSeconds: number
  readonly slotCount: number
  readonly terminalSeconds: number
}

/** A quantity over a horizon: its mean in each slot, and over the time after the last. */
export type OverHorizon = { readonly perSlot: readonly number[]; readonly terminal: number }

/** Means of a quantity that is nearly straight over a slot, as its value at the slot's middle. */
export function overHorizon(horizon: Horizon, valueAt: (atSeconds: number) => number): OverHorizon {
  const { startSeconds, slotSeconds, slotCount, terminalSeconds } = horizon
  const endSeconds = startSeconds + slotCount * slotSeconds
  return {
    perSlot: Array.from({ length: slotCount }, (_, slot) =>
      valueAt(startSeconds + (slot + 0.5) * slotSeconds),
    ),
    terminal: terminalMean(endSeconds, terminalSeconds, valueAt),
  }
}

/** Points of the midpoint rule: a shift or a floor inside the time is seen to a tenth of it. */
const terminalPoints = 10

function terminalMean(from: number, seconds: number, valueAt: (atSeconds: number) => number) {
  if (seconds <= 0) return valueAt(from)
  let sum = 0
  for (let i = 0; i < terminalPoints; i += 1) {
    sum += valueAt(from + ((i + 0.5) / terminalPoints) * seconds)
  }
  return sum / terminalPoints
}

/** Within [0, 1]. */
export function asShare(value: number): number {
  return Math.min(1, Math.max(0, value))
}
