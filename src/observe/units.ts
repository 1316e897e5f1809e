/** Figures as people read them. */

export const percent = (share: number, digits = 1): string => `${(share * 100).toFixed(digits)} %`

/** Differences in percentage points, with their sign. */
export const points = (difference: number, digits = 1): string => {
  const value = difference * 100
  return `${value >= 0 ? '+' : '−'}${Math.abs(value).toFixed(digits)}`
}

/** 1234567 as "1 234 567", with thin spaces. */
export const count = (value: number): string =>
  Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ' ')

/** Seconds below one as milliseconds, with three significant digits. */
export const duration = (seconds: number): string => {
  if (!Number.isFinite(seconds)) return '–'
  if (seconds < 1) return `${Number((seconds * 1000).toPrecision(3))} ms`
  return `${Number(seconds.toPrecision(3))} s`
}
