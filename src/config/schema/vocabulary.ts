import { z } from 'zod'
import { acceptedQuantity, parseQuantity, type QuantityKind, quantityPattern } from '../quantity.ts'
import { oneOf } from '../suggest.ts'

/**
 * The words that schemas are written in. Every one gives its issues a message that says what would
 * be accepted, and nothing else: `issue.ts` adds where and what was found.
 */

/** A mapping with these keys and no others. */
export function mapping<Shape extends z.ZodRawShape>(shape: Shape) {
  const names = Object.keys(shape)
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? oneOf(names, String(issue['keys']?.[0]))
        : `a mapping with the keys ${names.join(', ')}`,
  })
}

/** A mapping from names of the person's own choice. */
export function mappingOf<Value extends z.ZodType>(value: Value, what: string) {
  return z.record(z.string(), value, { error: `a mapping from ${what}` })
}

export function listOf<Item extends z.ZodType>(item: Item, what: string) {
  return z.array(item, { error: `a list of ${what}` })
}

export function fullListOf<Item extends z.ZodType>(item: Item, what: string) {
  const error = `a list of ${what}, at least one`
  return z.array(item, { error }).min(1, { error })
}

/** A string that is not empty. */
export function text(what: string) {
  return z.string({ error: what }).min(1, { error: what }).describe(what)
}

/** A name that appears in tables, in URLs and on the command line. */
export function name(what: string) {
  const error = `${what}: letters, digits, - and _, at most 40 of them, the first a letter`
  return z.string({ error }).regex(/^[A-Za-z][A-Za-z0-9_-]{0,39}$/, { error })
}

export function choice<const Names extends readonly [string, ...string[]]>(names: Names) {
  return z.enum(names, { error: (issue) => oneOf(names, String(issue.input)) })
}

/** A whole number in min..max. */
export function whole(min: number, max = Number.MAX_SAFE_INTEGER) {
  const error =
    max === Number.MAX_SAFE_INTEGER
      ? `a whole number of at least ${min}`
      : `a whole number from ${min} to ${max}`
  return z.int({ error }).min(min, { error }).max(max, { error })
}

/** A finite number in min..max, both included. */
export function number(min: number, max = Number.MAX_VALUE) {
  const error =
    max === Number.MAX_VALUE ? `a number of at least ${min}` : `a number from ${min} to ${max}`
  return z.number({ error }).min(min, { error }).max(max, { error })
}

/** A finite number greater than 0. */
export function positive(max = Number.MAX_VALUE) {
  const error =
    max === Number.MAX_VALUE
      ? 'a number greater than 0'
      : `a number greater than 0 and at most ${max}`
  return z.number({ error }).gt(0, { error }).max(max, { error })
}

/** Seconds, from a text such as "200s". */
export function duration(limits: QuantityLimits = {}) {
  return quantity('duration', limits)
}

/** Requests per second, from a text such as "120/s". */
export function rate(limits: QuantityLimits = {}) {
  return quantity('rate', limits)
}

/** MiB, from a text such as "6GiB". */
export function memory(limits: QuantityLimits = {}) {
  return quantity('memory', limits)
}

type QuantityLimits = {
  /** 0 is refused. */
  readonly isPositive?: boolean
  /** In the kind's base unit. */
  readonly max?: { readonly value: number; readonly text: string }
}

function quantity(kind: QuantityKind, limits: QuantityLimits) {
  const base = acceptedQuantity(kind)
  const lower = limits.isPositive ? base.replace('of 0 or more', 'greater than 0') : base
  const accepted = limits.max === undefined ? lower : `${lower}, at most ${limits.max.text}`
  return z
    .unknown()
    .transform((input, context): number => {
      const refuse = (found: string, code: 'wrong-type' | 'out-of-range'): never => {
        context.issues.push({ code: 'custom', message: accepted, params: { found, code }, input })
        return z.NEVER
      }
      if (typeof input !== 'string' && typeof input !== 'number') {
        context.issues.push({ code: 'custom', message: accepted, input })
        return z.NEVER
      }
      const result = parseQuantity(kind, String(input))
      if (result.kind === 'refused') {
        return refuse(
          result.found,
          result.found.startsWith('the neg') ? 'out-of-range' : 'wrong-type',
        )
      }
      const isTooSmall = limits.isPositive === true && result.value <= 0
      const isTooLarge = limits.max !== undefined && result.value > limits.max.value
      if (isTooSmall || isTooLarge) return refuse(String(input), 'out-of-range')
      return result.value
    })
    .meta({ description: accepted, type: ['string', 'integer'], pattern: quantityPattern(kind) })
}
