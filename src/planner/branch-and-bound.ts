import { branchOf, type Change } from './branching.ts'
import type { Model } from './model.ts'
import type {
  Bounds,
  Relaxation,
  RelaxedSolution,
  Solution,
  Solved,
  Solver,
  Unsolved,
} from './solver.ts'

export type SearchSettings = {
  readonly gapTarget: number
  /** LP iterations over all nodes, met exactly. */
  readonly workMax: number
}

export type SearchResult = {
  readonly solution: Solution
  /** Points that were the best at their time, the best last: a choice for whoever refines them. */
  readonly incumbents: readonly Float64Array[]
  /** Duals of the root relaxation, one per constraint; null if it was not solved. */
  readonly rootDuals: Float64Array | null
  readonly nodes: number
}

/** A part of the search space: its parent's, with some bounds changed. */
type Node = {
  readonly parent: Node | null
  readonly changes: readonly Change[]
  /** No point in it is worth more. */
  readonly bound: number
}

/**
 * Branch and bound on linear relaxations: from each node it plunges into the more promising half,
 * and goes on with the most promising open node when the plunge ends. Written for models whose
 * relaxation is nearly whole, as those with start-indexed variables are: a MIP solver's cuts and
 * heuristics cost there ten times what a few dozen warm-started relaxations do
 * (docs/designs/002-ilp.md).
 */
export function branchAndBound(
  model: Model,
  solver: Solver,
  settings: SearchSettings,
): SearchResult {
  const relaxation = solver.relax(model)
  try {
    return new Search(model, relaxation, settings).run()
  } finally {
    relaxation.close()
  }
}

class Search {
  readonly #model: Model
  readonly #relaxation: Relaxation
  readonly #settings: SearchSettings
  readonly #incumbents: Float64Array[] = []
  #objective = Number.NEGATIVE_INFINITY
  #open: Node[] = []
  /** The highest bound among nodes that were given up as not worth the search. */
  #givenUp = Number.NEGATIVE_INFINITY
  #iterations = 0
  #nodes = 0
  #rootDuals: Float64Array | null = null

  constructor(model: Model, relaxation: Relaxation, settings: SearchSettings) {
    this.#model = model
    this.#relaxation = relaxation
    this.#settings = settings
  }

  run(): SearchResult {
    let next: Node | null = { parent: null, changes: [], bound: Number.POSITIVE_INFINITY }
    while (next !== null) {
      const node: Node = next
      const relaxed = this.#relax(node)
      switch (relaxed.status) {
        case 'optimal':
          next = this.#descend(node, relaxed) ?? this.#mostPromising()
          break
        case 'infeasible':
          next = this.#mostPromising()
          break
        default:
          this.#open.push(node)
          return this.#result(this.#stopped(relaxed))
      }
    }
    return this.#result(this.#finished())
  }

  #relax(node: Node): RelaxedSolution {
    const left = this.#settings.workMax - this.#iterations
    const relaxed = this.#relaxation.solve(boundsOf(node), left)
    this.#iterations += relaxed.iterations
    this.#nodes += 1
    if (node.parent === null && relaxed.status === 'optimal') this.#rootDuals = relaxed.duals
    return relaxed
  }

  /**
   * The better half of a solved node, the other one kept for later; null: nothing is left in it.
   */
  #descend(node: Node, { values, objective }: Extract<RelaxedSolution, Solved>): Node | null {
    if (!this.#isWorth(objective)) {
      this.#givenUp = Math.max(this.#givenUp, objective)
      return null
    }
    const branch = branchOf(this.#model, values, boundsOf(node))
    if (branch === null) {
      this.#objective = objective
      this.#incumbents.push(rounded(this.#model, values))
      return null
    }
    const half = (changes: readonly Change[]): Node => ({ parent: node, changes, bound: objective })
    this.#open.push(half(branch.other))
    return half(branch.first)
  }

  /** Takes the open node of highest bound; null when none could still gain enough. */
  #mostPromising(): Node | null {
    const isWorth = ({ bound }: Node) => this.#isWorth(bound)
    for (const { bound } of this.#open.filter((node) => !isWorth(node))) {
      this.#givenUp = Math.max(this.#givenUp, bound)
    }
    this.#open = this.#open.filter(isWorth)
    if (this.#open.length === 0) return null
    const best = this.#open.reduce((a, b) => (b.bound > a.bound ? b : a))
    this.#open = this.#open.filter((node) => node !== best)
    return best
  }

  /** Whether a bound leaves more than the gap asked for, on the objective less its constant. */
  #isWorth(bound: number): boolean {
    if (this.#objective === Number.NEGATIVE_INFINITY) return true
    const size = Math.abs(this.#objective - this.#model.objectiveConstant)
    return bound > this.#objective + Math.max(1e-12, this.#settings.gapTarget * size)
  }

  #finished(): Solution {
    const reason = `${this.#model.name} is infeasible`
    return this.#incumbent('optimal') ?? this.#unsolved({ status: 'infeasible', reason })
  }

  /** Out of work, or the solver broke down: what was found so far counts. */
  #stopped({ status, reason }: Unsolved): Solution {
    return this.#incumbent('feasible') ?? this.#unsolved({ status, reason })
  }

  #incumbent(status: Solved['status']): Solved | null {
    const values = this.#incumbents.at(-1)
    if (values === undefined) return null
    const bounds = this.#open.map(({ bound }) => bound)
    const bound = Math.max(this.#objective, this.#givenUp, ...bounds)
    return { status, values, objective: this.#objective, bound, iterations: this.#iterations }
  }

  #unsolved(why: Omit<Unsolved, 'iterations'>): Unsolved {
    return { ...why, iterations: this.#iterations }
  }

  #result(solution: Solution): SearchResult {
    const [incumbents, rootDuals, nodes] = [this.#incumbents, this.#rootDuals, this.#nodes]
    return { solution, incumbents, rootDuals, nodes }
  }
}

/** The bounds that differ from the model's in a node; the latest change of a variable holds. */
function boundsOf(node: Node): Bounds {
  const bounds = new Map<number, readonly [number, number]>()
  for (let at: Node | null = node; at !== null; at = at.parent) {
    for (const [variable, lower, upper] of at.changes) {
      if (!bounds.has(variable)) bounds.set(variable, [lower, upper])
    }
  }
  return bounds
}

function rounded(model: Model, values: Float64Array): Float64Array {
  return values.map((value, i) =>
    model.variables[i]?.isInteger === true ? Math.round(value) : value,
  )
}
