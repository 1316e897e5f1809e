import {
  type ChangeFile,
  changeFormat,
  type FileGpu,
  type FileInstance,
  type FileStep,
} from './change-file.ts'

export type ParsedChange =
  | { readonly kind: 'parsed'; readonly file: ChangeFile }
  /** `what` is a clause: `gpus[0].to[1].placement.start is "x", not a whole number`. */
  | { readonly kind: 'malformed'; readonly what: string }

/** A change file from whatever text was given for one. */
export function parseChangeFile(text: string): ParsedChange {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { kind: 'malformed', what: 'it is no JSON' }
  }
  try {
    return { kind: 'parsed', file: readFile(new Reader(value, '')) }
  } catch (error) {
    if (error instanceof Malformed) return { kind: 'malformed', what: error.message }
    throw error
  }
}

/** Leaves the parser; never leaves this file. */
class Malformed extends Error {}

class Reader {
  readonly #value: unknown
  readonly #path: string

  constructor(value: unknown, path: string) {
    this.#value = value
    this.#path = path
  }

  at(key: string): Reader {
    const { value } = this.#expect('an object', isObject)
    const path = this.#path === '' ? key : `${this.#path}.${key}`
    return new Reader((value as Record<string, unknown>)[key], path)
  }

  list<T>(read: (reader: Reader) => T): readonly T[] {
    const { value } = this.#expect('a list', Array.isArray)
    return (value as unknown[]).map((own, i) => read(new Reader(own, `${this.#path}[${i}]`)))
  }

  text(): string {
    return this.#expect('a text', (value) => typeof value === 'string').value as string
  }

  textOrNull(): string | null {
    return this.#value === null ? null : this.text()
  }

  number(): number {
    return this.#expect('a number', Number.isFinite).value as number
  }

  count(): number {
    const isCount = (value: unknown): boolean => Number.isInteger(value) && (value as number) >= 0
    return this.#expect('a whole number', isCount).value as number
  }

  oneOf<T extends string>(...accepted: readonly T[]): T {
    const isOne = (value: unknown): boolean => accepted.includes(value as T)
    return this.#expect(`one of ${accepted.join(', ')}`, isOne).value as T
  }

  #expect(expected: string, holds: (value: unknown) => boolean): { readonly value: unknown } {
    if (holds(this.#value)) return { value: this.#value }
    const found = this.#value === undefined ? 'missing' : (JSON.stringify(this.#value) ?? 'odd')
    const path = this.#path === '' ? 'it' : this.#path
    throw new Malformed(`${path} is ${found.slice(0, 60)}, not ${expected}`)
  }
}

function readFile(file: Reader): ChangeFile {
  return {
    format: file.at('format').oneOf(changeFormat),
    why: file.at('why').text(),
    node: file.at('node').text(),
    madeAtSeconds: file.at('madeAtSeconds').number(),
    expiresAtSeconds: file.at('expiresAtSeconds').number(),
    stateHash: file.at('stateHash').text(),
    gpus: file.at('gpus').list(readGpu),
    later: file.at('later').list((step) => ({
      afterSeconds: step.at('afterSeconds').number(),
      gpu: step.at('gpu').text(),
      ...readStep(step),
    })),
  }
}

function readGpu(gpu: Reader): FileGpu {
  return {
    gpu: gpu.at('gpu').text(),
    name: gpu.at('name').text(),
    from: gpu.at('from').list(readInstance),
    to: gpu.at('to').list((instance) => ({
      ...readInstance(instance),
      holder: instance.at('holder').textOrNull(),
    })),
    steps: gpu.at('steps').list(readStep),
  }
}

function readStep(step: Reader): FileStep {
  return { kind: step.at('kind').oneOf('create', 'destroy'), ...readInstance(step) }
}

function readInstance(instance: Reader): FileInstance {
  const placement = instance.at('placement')
  return {
    name: instance.at('name').text(),
    profileId: instance.at('profileId').count(),
    placement: { start: placement.at('start').count(), size: placement.at('size').count() },
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
