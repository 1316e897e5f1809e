import { UsageError } from './usage-error.ts'

/** One seed, for a single run. */
export function parseSeed(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new UsageError(`Cannot read --seed "${text}": accepted is a whole number, 0 or more`)
}

/** `5` means five seeds, 1 to 5; `3,7,9` names them. */
export function parseSeeds(text: string): readonly number[] {
  const parts = text.split(',').map((part) => part.trim())
  if (parts.some((part) => !/^\d{1,9}$/.test(part))) {
    throw new UsageError(`Cannot read --seeds "${text}": accepted is a count (5) or a list (3,7,9)`)
  }
  const numbers = parts.map(Number)
  if (numbers.length > 1) return [...new Set(numbers)]
  const count = numbers[0] ?? 0
  if (count < 1 || count > 1000) {
    throw new UsageError(`Cannot run ${count} seeds: accepted are 1 to 1000`)
  }
  return Array.from({ length: count }, (_, index) => index + 1)
}
