import { must } from '../base/assert.ts'

/**
 * A moment without a zone, as whole seconds and a fraction apart: 7 decimals survive subtraction.
 */
export type Moment = { readonly wholeSeconds: number; readonly fraction: number }

const dateTime = /^(\d{4})-(\d{2})-(\d{2})[ T](\d{2}):(\d{2}):(\d{2})(\.\d{1,9})?(?:Z|[+-]00:?00)?$/

/**
 * `YYYY-MM-DD hh:mm:ss[.fraction]` (or with a T, a Z or a zero offset), or null when it is no such
 * moment; whole seconds count from 1970.
 */
export function parseDateTime(text: string): Moment | null {
  const match = dateTime.exec(text)
  if (match === null) return null
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as number[]
  const isTime = must(hour) < 24 && must(minute) < 60 && must(second) < 60
  if (!isTime || !isDay(must(year), must(month), must(day))) return null
  const midnight = Date.UTC(must(year), must(month) - 1, must(day)) / 1000
  const wholeSeconds = midnight + must(hour) * 3600 + must(minute) * 60 + must(second)
  return { wholeSeconds, fraction: Number(match[7] ?? 0) }
}

/** Date.UTC would take 31 April for 1 May, and years below 100 for the 20th century. */
function isDay(year: number, month: number, day: number): boolean {
  if (year < 1000 || month < 1 || month > 12 || day < 1) return false
  const dayCount = Date.UTC(year, month, 1) - Date.UTC(year, month - 1, 1)
  return day <= dayCount / 86_400_000
}
