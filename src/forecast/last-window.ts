import { type Forecaster, meanOf } from './arrival-history.ts'

/** The mean rate of the last window, held: what a policy without a forecaster does. */
export const lastWindow: Forecaster = (history, horizonSeconds, windowSeconds) => {
  const rate = meanOf(history, Math.max(0, history.length - Math.ceil(windowSeconds)))
  return { method: 'last-window', ratesRps: new Float64Array(horizonSeconds).fill(rate) }
}
