// Random problems of the benchmark's making: its tenants and service tables, everything else drawn.
import { bursts, day, steady, tenant, wave } from './tenants.mjs'

/** By GPU model: compute slices, a running layout, and tenants whose tables are kept. */
const machines = [
  {
    model: 'a100-80gb',
    slices: 7,
    kinds: ['photos', 'frames', 'thumbnails', 'scans', 'faces', 'documents'],
    cut: [
      ['3g.40gb', 4],
      ['2g.20gb', 2],
      ['1g.10gb', 0],
      ['1g.10gb', 1],
    ],
  },
  {
    model: 'a30',
    slices: 4,
    kinds: ['text', 'chat'],
    cut: [
      ['2g.12gb', 0],
      ['1g.6gb', 2],
      ['1g.6gb', 3],
    ],
  },
]

/** A spec as in problems.mjs: the same state of the generator gives the same one. */
export function randomSpec(rng) {
  const pick = (list) => list[rng.integer(list.length)]
  const machine = rng.uniform() < 0.7 ? machines[0] : machines[1]
  const count = 1 + rng.integer(Math.min(3, machine.kinds.length))
  const left = [...machine.kinds]
  const kinds = Array.from({ length: count }, () => left.splice(rng.integer(left.length), 1)[0])
  const share = (machine.slices * (0.5 + 0.8 * rng.uniform())) / count
  const tenants = kinds.map((kind) =>
    tenant(kind, randomLoad(rng, kind === 'documents' ? share / 2 : share), {
      age: 0.5 * rng.uniform(),
      driftPerSecond: 0.002 * rng.uniform(),
      ...(rng.uniform() < 0.2 ? { retrains: [] } : {}),
      ...(rng.uniform() < 0.1 ? { sloAttainmentMin: 0.5 * rng.uniform() } : {}),
    }),
  )
  const isWarm = rng.uniform() < 0.5
  return {
    name: 'random',
    gpus: [{ model: machine.model }],
    seed: rng.integer(1_000_000),
    site: {
      terminal: pick(['0s', '200s']),
      residenceMin: pick(['0s', '0s', '10s']),
      ...(rng.uniform() < 0.3 ? { slot: '5s', planner: { coarseSlot: '20s' } } : {}),
    },
    tenants,
    ...(isWarm ? { running: randomRunning(rng, machine, kinds) } : {}),
  }
}

function randomLoad(rng, slices) {
  switch (rng.integer(4)) {
    case 0:
      return steady(slices)
    case 1:
      return day(0.4 * slices, 1.6 * slices, { peak: 200 * rng.uniform() })
    case 2:
      return bursts(0.4 * slices, 2 * slices, { gapCv: 1 })
    default:
      return wave(slices, { phase: rng.uniform(), period: 100 + rng.integer(300) })
  }
}

function randomRunning(rng, { cut }, kinds) {
  return cut
    .filter(() => rng.uniform() < 0.8)
    .map(([profile, start]) => ({
      profile,
      start,
      ...(rng.uniform() < 0.1 ? {} : { tenant: kinds[rng.integer(kinds.length)] }),
      readyInSeconds: rng.uniform() < 0.3 ? 5 * rng.uniform() : 0,
    }))
}
