import { must } from '../../base/assert.ts'
import type { OutcomeCounts } from '../router/protocol.ts'
import { readJson, writeJson } from './json-file.ts'

/** Requests of one second, by what became of them; labels by when their request arrived. */
const kinds = ['arrived', 'inTime', 'late', 'failed', 'shed', 'labelled', 'correct'] as const
type Kind = (typeof kinds)[number]
type Seconds = Record<Kind, Float64Array>

/** Seconds that are kept: what a forecaster with a day's season can read. */
const secondsKept = 3 * 86_400

export type TrafficSums = Readonly<Record<Kind, number>>

/** What the router told of each tenant's requests, second by second of the run. */
export class TrafficLog {
  readonly #path: string
  readonly #seconds = new Map<string, Seconds>()

  /** Goes on from the file, if `isContinued`: the seconds in it are of this run. */
  constructor(path: string, tenants: readonly string[], isContinued: boolean) {
    this.#path = path
    const before = isContinued ? (readJson(path) as Record<string, Partial<Lists>> | null) : null
    for (const tenant of tenants) {
      this.#seconds.set(tenant, {
        arrived: grown(before?.[tenant]?.arrived),
        inTime: grown(before?.[tenant]?.inTime),
        late: grown(before?.[tenant]?.late),
        failed: grown(before?.[tenant]?.failed),
        shed: grown(before?.[tenant]?.shed),
        labelled: grown(before?.[tenant]?.labelled),
        correct: grown(before?.[tenant]?.correct),
      })
    }
  }

  addCounts(tenant: string, atSeconds: number, counts: OutcomeCounts): void {
    const { arrived, inTime, late, failed, shed, invalid, abandoned } = counts
    // A wrong request and a client that left are no business of the SLO.
    this.#add(tenant, atSeconds, 'arrived', Math.max(0, arrived - invalid - abandoned))
    this.#add(tenant, atSeconds, 'inTime', inTime)
    this.#add(tenant, atSeconds, 'late', late)
    this.#add(tenant, atSeconds, 'failed', failed)
    this.#add(tenant, atSeconds, 'shed', shed)
  }

  addLabels(tenant: string, atSeconds: number, labels: Pick<TrafficSums, 'labelled' | 'correct'>) {
    this.#add(tenant, atSeconds, 'labelled', labels.labelled)
    this.#add(tenant, atSeconds, 'correct', labels.correct)
  }

  /** Requests in each whole second of the run up to `seconds`. */
  arrived(tenant: string, seconds: number): Float64Array {
    const own = must(this.#seconds.get(tenant))
    this.#reach(own, Math.ceil(seconds))
    return own.arrived.subarray(0, Math.floor(seconds))
  }

  /** Over the seconds in [from, until). */
  sums(tenant: string, from: number, until: number): TrafficSums {
    const own = must(this.#seconds.get(tenant))
    const sumOf = (kind: Kind): number =>
      own[kind].subarray(Math.max(0, from), Math.max(0, until)).reduce((a, b) => a + b, 0)
    return {
      arrived: sumOf('arrived'),
      inTime: sumOf('inTime'),
      late: sumOf('late'),
      failed: sumOf('failed'),
      shed: sumOf('shed'),
      labelled: sumOf('labelled'),
      correct: sumOf('correct'),
    }
  }

  save(nowSeconds: number): void {
    const until = Math.floor(nowSeconds)
    const from = Math.max(0, until - secondsKept)
    const lists = [...this.#seconds].map(([tenant, own]) => [
      tenant,
      Object.fromEntries(
        kinds.map((kind) => {
          const values = Array.from(own[kind].subarray(0, until))
          return [kind, values.fill(0, 0, from)]
        }),
      ),
    ])
    writeJson(this.#path, Object.fromEntries(lists))
  }

  #add(tenant: string, atSeconds: number, kind: Kind, count: number): void {
    const own = this.#seconds.get(tenant)
    const second = Math.floor(atSeconds)
    if (own === undefined || count === 0 || second < 0) return
    this.#reach(own, second + 1)
    own[kind][second] = (own[kind][second] as number) + count
  }

  #reach(own: Seconds, length: number): void {
    if (own.arrived.length >= length) return
    for (const kind of kinds) {
      const longer = new Float64Array(Math.max(length, 2 * own[kind].length))
      longer.set(own[kind])
      own[kind] = longer
    }
  }
}

type Lists = Record<Kind, readonly number[]>

function grown(values: readonly number[] | undefined): Float64Array {
  const all = new Float64Array(Math.max(4096, 2 * (values?.length ?? 0)))
  if (Array.isArray(values)) all.set(values)
  return all
}
