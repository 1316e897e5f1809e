/**
 * Tells when arrivals leave their forecast: two one-sided cumulative sums (CUSUM, Page 1954) of the
 * standardised differences between requests that came and that were expected. Single seconds
 * outside a band are no signal, bursty arrivals have them all the time; a difference that lasts
 * adds up.
 */
export type DeviationTest = {
  /** Sums beyond this are an alarm (`deviationLimit` calibrates it). */
  readonly limit: number
  /** The least lasting relative difference worth an alarm; half of it is forgiven every second. */
  readonly relativeChangeMin: number
  readonly minimumIntervalSeconds: number
  /** Alarms per window. */
  readonly alarmsMax: number
}

export type DeviationState = {
  /** The sums, in standard deviations; both >= 0. */
  readonly above: number
  readonly below: number
  /** When each sum last left zero: where the difference probably began. */
  readonly aboveSinceSeconds: number
  readonly belowSinceSeconds: number
  readonly alarmCount: number
  readonly lastAlarmSeconds: number | null
}

/** One second, or one slot, of the run. */
export type DeviationReading = {
  readonly atSeconds: number
  /** Requests expected and come in this reading. */
  readonly expected: number
  readonly observed: number
  readonly dispersion: number
}

export type DeviationAlarm = {
  readonly direction: 'above' | 'below'
  readonly sinceSeconds: number
}

/**
 * The state at a window's start, or (with the old state) when a new forecast takes over within it.
 */
export function startDeviation(atSeconds: number, before?: DeviationState): DeviationState {
  return {
    above: 0,
    below: 0,
    aboveSinceSeconds: atSeconds,
    belowSinceSeconds: atSeconds,
    alarmCount: before?.alarmCount ?? 0,
    lastAlarmSeconds: before?.lastAlarmSeconds ?? null,
  }
}

/**
 * The state after one more reading, and the alarm it raises or null. An alarm starts the sums anew.
 * Within the minimum interval after one, and when the window's alarms are used up, sums stay at the
 * limit and no alarm is raised.
 */
export function advanceDeviation(
  test: DeviationTest,
  state: DeviationState,
  reading: DeviationReading,
): { readonly state: DeviationState; readonly alarm: DeviationAlarm | null } {
  const { atSeconds } = reading
  const step = stepsOf(reading, test.relativeChangeMin)
  const above = Math.max(0, state.above + step.above)
  const below = Math.max(0, state.below + step.below)
  const next: DeviationState = {
    ...state,
    above: Math.min(above, test.limit),
    below: Math.min(below, test.limit),
    aboveSinceSeconds: state.above > 0 ? state.aboveSinceSeconds : atSeconds,
    belowSinceSeconds: state.below > 0 ? state.belowSinceSeconds : atSeconds,
  }
  if (Math.max(above, below) < test.limit || !mayAlarm(test, state, atSeconds)) {
    return { state: next, alarm: null }
  }
  const alarm: DeviationAlarm =
    above >= below
      ? { direction: 'above', sinceSeconds: next.aboveSinceSeconds }
      : { direction: 'below', sinceSeconds: next.belowSinceSeconds }
  const counted = { ...state, alarmCount: state.alarmCount + 1, lastAlarmSeconds: atSeconds }
  return { state: startDeviation(atSeconds, counted), alarm }
}

function mayAlarm(test: DeviationTest, state: DeviationState, atSeconds: number): boolean {
  if (state.alarmCount >= test.alarmsMax) return false
  const last = state.lastAlarmSeconds
  return last === null || atSeconds - last >= test.minimumIntervalSeconds
}

/** Less than one expected request has no spread worth dividing by. */
const expectedMin = 1
/** Forgiven at least, in standard deviations: below this, noise alone would walk to any limit. */
const allowanceMin = 0.25

/**
 * What a reading adds to the sums. The reference value of a CUSUM is half the shift to be found,
 * here half of `relativeChangeMin` in standard deviations of the reading.
 */
export function stepsOf(
  { expected, observed, dispersion }: Omit<DeviationReading, 'atSeconds'>,
  relativeChangeMin: number,
): { readonly above: number; readonly below: number } {
  const deviation = Math.sqrt(Math.max(expectedMin, expected) * Math.max(dispersion, 0.1))
  const score = (observed - expected) / deviation
  const allowance = Math.max(allowanceMin, (relativeChangeMin * expected) / deviation / 2)
  return { above: score - allowance, below: -score - allowance }
}
