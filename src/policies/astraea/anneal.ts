import type { Rng } from '../../base/rng.ts'

export type Annealing<T> = {
  readonly start: T
  /** Higher is better; differences are weighed against the temperature, so about 1 is large. */
  readonly meritOf: (state: T) => number
  readonly neighbourOf: (state: T, rng: Rng) => T
  readonly rng: Rng
}

const startTemperature = 0.5
const endTemperature = 0.001
const cooling = 0.98
const movesEach = 8

/** Simulated annealing (Kirkpatrick et al. 1983) with geometric cooling; the best state seen. */
export function anneal<T>(options: Annealing<T>): { readonly state: T; readonly moves: number } {
  const { meritOf, neighbourOf, rng } = options
  let state = options.start
  let merit = meritOf(state)
  let best = { state, merit }
  let moves = 0
  for (let heat = startTemperature; heat > endTemperature; heat *= cooling) {
    for (let i = 0; i < movesEach; i += 1) {
      moves += 1
      const next = neighbourOf(state, rng)
      const nextMerit = meritOf(next)
      const isTaken = nextMerit >= merit || rng.uniform() < Math.exp((nextMerit - merit) / heat)
      if (!isTaken) continue
      state = next
      merit = nextMerit
      if (merit > best.merit) best = { state, merit }
    }
  }
  return { state: best.state, moves }
}
