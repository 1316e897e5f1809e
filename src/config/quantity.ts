/** A number with its unit as people write it ("100ms", "2.5 GiB", "300/min"), or what is wrong. */
export type QuantityResult =
  | { readonly kind: 'quantity'; readonly value: number }
  | { readonly kind: 'refused'; readonly found: string }

export type QuantityKind = keyof typeof quantities

type Units = { readonly accepted: string; readonly unitOf: Readonly<Record<string, number>> }

/** Each kind's units in its base unit: seconds, requests per second, MiB. */
const quantities = {
  duration: {
    accepted: 'a duration of 0 or more with its unit (ms, s, min, h), such as 100ms or 2.5s',
    unitOf: { ms: 0.001, s: 1, min: 60, h: 3600 },
  },
  rate: {
    accepted: 'a rate of 0 or more with its unit (/s, /min, /h), such as 120/s',
    unitOf: { '/s': 1, '/min': 1 / 60, '/h': 1 / 3600 },
  },
  memory: {
    accepted: 'an amount of memory of 0 or more with its unit (MiB, GiB), such as 6GiB',
    unitOf: { MiB: 1, GiB: 1024 },
  },
} as const satisfies Record<string, Units>

/** What a message says would be accepted, and a pattern for editors. */
export function acceptedQuantity(kind: QuantityKind): string {
  return quantities[kind].accepted
}

export function quantityPattern(kind: QuantityKind): string {
  const units = Object.keys(quantities[kind].unitOf).join('|')
  return `^(0|(\\d+(\\.\\d+)?|\\.\\d+) ?(${units}))$`
}

const written = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?) ?(.*)$/i

/**
 * The value in the kind's base unit (duration: seconds, rate: requests per second, memory: MiB).
 * A number needs its unit, except 0; "100" alone would be read as milliseconds by one person and as
 * seconds by the next.
 */
export function parseQuantity(kind: QuantityKind, text: string): QuantityResult {
  const [, digits, unit] = written.exec(text.trim()) ?? []
  const shown = JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
  if (digits === undefined || unit === undefined) return { kind: 'refused', found: shown }
  const number = Number(digits)
  if (number < 0) return { kind: 'refused', found: `the negative ${shown}` }
  if (unit === '' && number === 0) return { kind: 'quantity', value: 0 }
  if (unit === '') return { kind: 'refused', found: `${shown} without a unit` }
  const factor = new Map<string, number>(Object.entries(quantities[kind].unitOf)).get(unit)
  if (factor === undefined) return { kind: 'refused', found: `${shown} with an unknown unit` }
  const value = inBaseUnit(number, factor)
  return Number.isFinite(value)
    ? { kind: 'quantity', value }
    : { kind: 'refused', found: `${shown}, which is too large` }
}

/** Division where the factor is a fraction: 100 ms is then 0.1 s to the last bit. */
function inBaseUnit(number: number, factor: number): number {
  return factor < 1 ? number / Math.round(1 / factor) : number * factor
}
