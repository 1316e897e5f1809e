import { must } from '../base/assert.ts'

/** How many names a message lists before it says "and N more". */
const listedMax = 12

/**
 * "one of a, b, c", with the nearest name first when one is near enough to be a slip of the hand.
 */
export function oneOf(names: readonly string[], found: string): string {
  const near = nearest(names, found)
  const list = names.slice(0, listedMax).join(', ')
  const more = names.length > listedMax ? ` and ${names.length - listedMax} more` : ''
  if (names.length === 1) return list
  const all = `one of ${list}${more}`
  return near === null ? all : `${all}; did you mean ${near}`
}

/**
 * The name that needs the fewest edits, if at most a third of the letters change; among equals the
 * one that begins alike for longest, because slips are rarer at the beginning.
 */
export function nearest(names: readonly string[], found: string): string | null {
  const wanted = found.toLowerCase().slice(0, 80)
  let best: string | null = null
  let least = Number.POSITIVE_INFINITY
  let alike = -1
  for (const name of names) {
    const plain = name.toLowerCase()
    const isPart = wanted.length >= 3 && (plain.startsWith(wanted) || wanted.startsWith(plain))
    const edits = isPart ? 1 : editDistance(wanted, plain)
    const limit = Math.max(1, Math.floor(Math.max(wanted.length, plain.length) / 3))
    const prefix = commonPrefix(wanted, plain)
    if (edits <= limit && (edits < least || (edits === least && prefix > alike))) {
      best = name
      least = edits
      alike = prefix
    }
  }
  return best
}

function commonPrefix(a: string, b: string): number {
  let length = 0
  while (length < a.length && a[length] === b[length]) length += 1
  return length
}

/** Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment). */
function editDistance(a: string, b: string): number {
  const width = b.length + 1
  const table = new Uint16Array((a.length + 1) * width)
  for (let i = 0; i <= a.length; i += 1) table[i * width] = i
  for (let j = 0; j <= b.length; j += 1) table[j] = j
  for (let i = 1; i <= a.length; i += 1) {
    for (let j = 1; j <= b.length; j += 1) {
      const at = i * width + j
      const isEqual = a[i - 1] === b[j - 1]
      let edits = Math.min(
        must(table[at - width]) + 1,
        must(table[at - 1]) + 1,
        must(table[at - width - 1]) + (isEqual ? 0 : 1),
      )
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (isSwap) edits = Math.min(edits, must(table[at - 2 * width - 2]) + 1)
      table[at] = edits
    }
  }
  return must(table[a.length * width + b.length])
}
