import { assert } from '../base/assert.ts'

/** A coefficient of one variable (by index) in a constraint. */
export type Term = readonly [variable: number, coefficient: number]

export type Variable = {
  readonly name: string
  readonly lower: number
  readonly upper: number
  readonly isInteger: boolean
  /** Coefficient in the objective, which is maximised. */
  readonly objective: number
}

/** `lower <= sum of terms <= upper`; a missing side is -Infinity or Infinity. */
export type Constraint = {
  readonly name: string
  readonly terms: readonly Term[]
  readonly lower: number
  readonly upper: number
}

/**
 * A mixed-integer linear program to maximise, as plain data: it can be printed (`lp-format.ts`),
 * compared and solved by any `Solver`. `objectiveConstant` is worth nothing to a solver and is kept
 * apart, so that a relative gap is measured on what the variables decide.
 */
export type Model = {
  readonly name: string
  readonly variables: readonly Variable[]
  readonly constraints: readonly Constraint[]
  readonly objectiveConstant: number
  /**
   * Hints for branching: 0/1 variables of which at most one is 1, in an order in which neighbours
   * mean nearly the same (one decision and its possible times).
   */
  readonly alternatives: readonly (readonly number[])[]
}

type VariableOptions = {
  readonly lower?: number
  readonly upper?: number
  readonly isInteger?: boolean
  readonly objective?: number
}

export type Relation = '<=' | '=' | '>='

/** Collects a model piece by piece; the formulation's functions each add their part. */
export class ModelBuilder {
  readonly #name: string
  readonly #variables: Variable[] = []
  readonly #constraints: Constraint[] = []
  readonly #alternatives: (readonly number[])[] = []
  #objectiveConstant = 0

  constructor(name: string) {
    this.#name = name
  }

  /** A continuous variable in [0, infinity) unless told otherwise; its index is the answer. */
  variable(name: string, options: VariableOptions = {}): number {
    const {
      lower = 0,
      upper = Number.POSITIVE_INFINITY,
      isInteger = false,
      objective = 0,
    } = options
    this.#variables.push({ name, lower, upper, isInteger, objective })
    return this.#variables.length - 1
  }

  /** A 0/1 variable. */
  binary(name: string, objective = 0): number {
    return this.variable(name, { upper: 1, isInteger: true, objective })
  }

  /** Adds `terms (relation) right`, unless no term is left; its index is the answer, or -1. */
  constraint(name: string, terms: readonly Term[], relation: Relation, right: number): number {
    if (terms.length === 0) {
      const holds = relation === '<=' ? right >= 0 : relation === '>=' ? right <= 0 : right === 0
      assert(holds, `Constraint ${name} has no terms and cannot hold`)
      return -1
    }
    const lower = relation === '<=' ? Number.NEGATIVE_INFINITY : right
    const upper = relation === '>=' ? Number.POSITIVE_INFINITY : right
    this.#constraints.push({ name, terms, lower, upper })
    return this.#constraints.length - 1
  }

  addToObjective(constant: number): void {
    this.#objectiveConstant += constant
  }

  /** See `Model.alternatives`. */
  alternatives(variables: readonly number[]): void {
    if (variables.length > 1) this.#alternatives.push(variables)
  }

  build(): Model {
    return {
      name: this.#name,
      variables: this.#variables,
      constraints: this.#constraints,
      objectiveConstant: this.#objectiveConstant,
      alternatives: this.#alternatives,
    }
  }
}

/**
 * What is wrong with the numbers of a model before a solver sees them, or null: a NaN or infinite
 * coefficient, a NaN bound, a lower bound above its upper bound, an unknown variable.
 */
export function modelDefect(model: Model): string | null {
  if (!Number.isFinite(model.objectiveConstant)) return 'the objective constant is not finite'
  for (const variable of model.variables) {
    const { name, lower, upper, objective } = variable
    if (!Number.isFinite(objective)) return `the objective coefficient of ${name} is ${objective}`
    if (!(lower <= upper)) return `the bounds of ${name} are ${lower} and ${upper}`
  }
  for (const { name, terms, lower, upper } of model.constraints) {
    if (!(lower <= upper)) return `the sides of ${name} are ${lower} and ${upper}`
    for (const [variable, coefficient] of terms) {
      if (model.variables[variable] === undefined) return `${name} names variable ${variable}`
      if (!Number.isFinite(coefficient)) return `a coefficient in ${name} is ${coefficient}`
    }
  }
  return null
}
