// The benchmark's planning problems: small and large, calm and bursty, easy and hard. All have a
// window of 200 slots of one second. A load of 7 (of 4 on an A30) is what one GPU answers by its
// smallest instances. Each problem says what it is there for. What a retraining is worth after the
// window counts only where a problem says so (`terminal`): elsewhere Goodput is all there is.
import { bursts, day, recorded, steady, tenant, wave } from './tenants.mjs'

const a100 = [{ model: 'a100-80gb' }]
const a100small = [{ model: 'a100-40gb' }]
const a30 = [{ model: 'a30' }]
const h100 = [{ model: 'h100-80gb' }]

const inference = (tenant, profile, start, more = {}) => ({ tenant, profile, start, ...more })
const terminal = { terminal: '200s' }
const slowStart = { start: { inference: '25s', retraining: '30s' } }
const quickStart = { start: { inference: '500ms', retraining: '1s' } }
const cheapChanges = { costs: { create: '100ms', destroy: '100ms', cutOver: '100ms' } }
const fresh = { age: 0.02, driftPerSecond: 0.0003 }
const still = { age: 0, driftPerSecond: 0 }

const oneGpu = [
  {
    name: 'calm-1',
    about: 'One tenant, steady arrivals: only the place and time of its retraining matter.',
    gpus: a100,
    tenants: [tenant('photos', steady(5.2))],
  },
  {
    name: 'anti-phase-2',
    about: 'Two tenants, one busy while the other is quiet; retraining hurts both.',
    gpus: a100,
    tenants: [
      tenant('photos', wave(4.2, { phase: 0 }), { ...still, retrains: ['little-data'] }),
      tenant('thumbnails', wave(4.2, { phase: 0.5 }), { ...still, retrains: ['hot'] }),
    ],
  },
  {
    name: 'anti-phase-2-retraining',
    about:
      'The same arrivals with versions that are old: both want to retrain in their quiet time.',
    gpus: a100,
    tenants: [
      tenant('photos', wave(3.8, { phase: 0 }), { age: 0.5 }),
      tenant('thumbnails', wave(3.8, { phase: 0.5 }), { age: 0.6 }),
    ],
  },
  {
    name: 'bursty-2',
    about: 'Two tenants with stretches of ten times their quiet load, and clumped requests.',
    gpus: a100,
    seed: 4,
    tenants: [
      tenant('frames', bursts(0.5, 5.5), { age: 0.2 }),
      tenant('photos', bursts(0.5, 5.5), { age: 0.2 }),
    ],
  },
  {
    name: 'diurnal-2-tight',
    about:
      'Short days under tight SLOs on an A100 40GB, whose smallest instances hold no such model.',
    gpus: a100small,
    tenants: [
      tenant('photos', day(0.6, 4.6, { peak: 60, period: 200 }), { slo: '40ms', age: 0.1 }),
      tenant('thumbnails', day(0.6, 4.4, { peak: 150, period: 200 }), { slo: '25ms', age: 0.1 }),
    ],
  },
  {
    name: 'warm-2-under-way',
    about:
      'A running layout and a retraining half done, whose instance the other tenant soon needs.',
    gpus: a100,
    site: terminal,
    tenants: [
      tenant('photos', wave(3.6, { phase: 0.25 }), { age: 0.4 }),
      tenant('frames', wave(3.6, { phase: -0.25 }), { age: 0.3 }),
    ],
    running: [
      inference('photos', '3g.40gb', 0),
      inference('frames', '2g.20gb', 4),
      inference('frames', '1g.10gb', 6, {
        role: 'retraining',
        underWay: { configuration: 'full', doneShare: 0.5 },
      }),
    ],
  },
  {
    name: 'default-3',
    about: "The tenants of the program's example site, versions as old as after some windows.",
    gpus: a100,
    site: terminal,
    tenants: [
      tenant('photos', wave(1.8, { phase: 0, period: 400 }), { age: 0.25 }),
      tenant('documents', recorded(25, { smooth: 30 }), { age: 0.02, driftPerSecond: 0.0001 }),
      tenant('thumbnails', wave(1.85, { phase: 0.5, period: 400 }), { age: 0.15 }),
    ],
  },
  {
    name: 'anti-phase-3-loose',
    about: 'Three tenants, thirds of a turn apart, under loose SLOs.',
    gpus: a100,
    tenants: [
      tenant('photos', wave(2.5, { phase: 0 }), { slo: '300ms', age: 0.25 }),
      tenant('frames', wave(2.5, { phase: 1 / 3 }), { slo: '400ms', age: 0.1 }),
      tenant('thumbnails', wave(2.5, { phase: 2 / 3 }), { slo: '200ms', age: 0.2 }),
    ],
  },
  {
    name: 'bursty-3-tight',
    about: 'Three tenants with bursts under tight SLOs: a queue is late before it is long.',
    gpus: a100,
    seed: 7,
    tenants: [
      tenant('photos', bursts(0.5, 3.6), { slo: '40ms', age: 0.15 }),
      tenant('thumbnails', bursts(0.4, 3.6), { slo: '25ms', age: 0.15 }),
      tenant('frames', bursts(0.5, 3.6), { slo: '60ms', age: 0.15 }),
    ],
  },
  {
    name: 'retraining-pays-3',
    about: 'Old versions, moderate load: three retrainings compete for slices.',
    gpus: a100,
    site: terminal,
    tenants: [
      tenant('photos', wave(1.7, { amplitude: 0.5 }), { age: 0.6 }),
      tenant('frames', wave(1.7, { amplitude: 0.5, phase: 0.4 }), { age: 0.5 }),
      tenant('scans', steady(1.6), { age: 0.5 }),
    ],
  },
  {
    name: 'retraining-barely-3',
    about: 'Retraining pays about as much as its slices cost: the choice is hardest to prove.',
    gpus: a100,
    tenants: [
      tenant('photos', wave(2.1, { amplitude: 0.5 }), { age: 0.1, driftPerSecond: 0.0004 }),
      tenant('frames', wave(2.1, { amplitude: 0.5, phase: 0.5 }), {
        age: 0.08,
        driftPerSecond: 0.0004,
      }),
      tenant('faces', steady(1.7), { age: 0.12, driftPerSecond: 0.0004 }),
    ],
  },
  {
    name: 'retraining-hurts-3',
    about: 'Fresh versions: every configuration on offer makes a worse one.',
    gpus: a100,
    tenants: [
      tenant('photos', wave(2.6, { phase: 0.1 }), { ...still, retrains: ['little-data', 'hot'] }),
      tenant('scans', wave(2.3, { phase: 0.6 }), { ...still, retrains: ['little-data', 'hot'] }),
      tenant('thumbnails', day(0.8, 3.8, { peak: 120, period: 200 }), {
        ...still,
        retrains: ['hot'],
      }),
    ],
  },
  {
    name: 'slow-start-3',
    about: 'Workers that take 25 s to start: a change must pay for its warm-up.',
    gpus: a100,
    tenants: [
      tenant('photos', wave(2.7, { phase: 0 }), { ...slowStart, age: 0.1 }),
      tenant('frames', wave(2.7, { phase: 0.5 }), { ...slowStart, age: 0.1 }),
      tenant('thumbnails', steady(1.6), { ...slowStart, age: 0.1 }),
    ],
  },
  {
    name: 'quick-start-3',
    about: 'Workers that start within a second: the layout may follow every burst.',
    gpus: a100,
    seed: 3,
    site: cheapChanges,
    tenants: [
      tenant('photos', bursts(0.6, 5), { ...quickStart, age: 0.1 }),
      tenant('frames', bursts(0.6, 5), { ...quickStart, age: 0.1 }),
      tenant('thumbnails', wave(2, { period: 100 }), { ...quickStart, age: 0.1 }),
    ],
  },
  {
    name: 'warm-3',
    about: 'A layout that was right for the last window, one worker still starting.',
    gpus: a100,
    tenants: [
      tenant('photos', wave(2.4, { phase: 0.4 }), { age: 0.3 }),
      tenant('documents', steady(1.2), fresh),
      tenant('thumbnails', wave(2.6, { phase: -0.1 }), { age: 0.2 }),
    ],
    running: [
      inference('photos', '3g.40gb', 0),
      inference('documents', '1g.10gb', 4),
      inference('thumbnails', '1g.10gb', 5),
      inference('thumbnails', '1g.10gb', 6, { readyInSeconds: 3.2 }),
    ],
  },
  {
    name: 'warm-3-under-way',
    about: 'A retraining begun on 3g.40gb, restartable elsewhere at a price; a minimum residence.',
    gpus: a100,
    site: { residenceMin: '20s', ...terminal },
    tenants: [
      tenant('photos', bursts(0.8, 4.5, { gapCv: 1 }), { age: 0.4 }),
      tenant('frames', wave(2, { phase: 0.5 }), { age: 0.3 }),
      tenant('thumbnails', steady(1.4), fresh),
    ],
    running: [
      inference('frames', '2g.20gb', 0),
      inference('thumbnails', '2g.20gb', 2),
      inference('photos', '3g.40gb', 4, {
        role: 'retraining',
        underWay: { configuration: 'full', doneShare: 0.3 },
      }),
    ],
  },
  {
    name: 'floors-3',
    about: 'A small tenant with a floor of 95 % in time that Goodput alone would not give it.',
    gpus: a100,
    tenants: [
      tenant('photos', wave(3.4, { phase: 0 }), { age: 0.2, weight: 3 }),
      tenant('frames', wave(3.2, { phase: 0.5 }), { age: 0.2, weight: 3 }),
      tenant('scans', steady(1.1), { age: 0.3, weight: 0.2, sloAttainmentMin: 0.95 }),
    ],
  },
  {
    name: 'anti-phase-4',
    about: 'Four tenants, quarters of a turn apart.',
    gpus: a100,
    tenants: [
      tenant('photos', wave(1.9, { phase: 0 }), { age: 0.2 }),
      tenant('frames', wave(1.9, { phase: 0.25 }), { age: 0.1 }),
      tenant('thumbnails', wave(1.9, { phase: 0.5 }), { age: 0.2 }),
      tenant('faces', wave(1.9, { phase: 0.75 }), { age: 0.3 }),
    ],
  },
  {
    name: 'bursty-4',
    about: 'Four tenants with bursts that seldom fall together.',
    gpus: a100,
    seed: 5,
    tenants: [
      tenant('photos', bursts(0.3, 3.5, { quietMean: 60 }), { age: 0.15 }),
      tenant('frames', bursts(0.3, 3.5, { quietMean: 60 }), { age: 0.15 }),
      tenant('thumbnails', bursts(0.3, 3.5, { quietMean: 60 }), { age: 0.15 }),
      tenant('text', bursts(0.3, 3.5, { quietMean: 60 }), { age: 0.15 }),
    ],
  },
  {
    name: 'calm-4',
    about: 'Four tenants at low load: nothing to win but retraining, and hard to prove.',
    gpus: a100,
    tenants: [
      tenant('photos', steady(0.8), { age: 0.3 }),
      tenant('frames', steady(0.9), { age: 0.2 }),
      tenant('thumbnails', steady(0.8), { age: 0.3 }),
      tenant('scans', steady(0.7), { age: 0.2 }),
    ],
  },
  {
    name: 'warm-4-blocked',
    about: 'Four tenants on what a failed 1g.10gb has left, from a running layout.',
    gpus: a100,
    blocked: [[{ start: 6, size: 1, reason: 'failed' }]],
    tenants: [
      tenant('photos', wave(1.8, { phase: 0.5 }), { age: 0.25 }),
      tenant('frames', wave(1.8, { phase: 0 }), { age: 0.25 }),
      tenant('thumbnails', day(0.3, 2.6, { peak: 60, period: 200 }), fresh),
      tenant('text', steady(0.8), fresh),
    ],
    running: [
      inference('photos', '2g.20gb', 0),
      inference('frames', '2g.20gb', 2),
      inference('thumbnails', '1g.10gb', 4),
      inference('text', '1g.10gb', 5),
    ],
  },
  {
    name: 'a30-2',
    about: 'Two tenants on four slices.',
    gpus: a30,
    tenants: [
      tenant('text', wave(2.2, { phase: 0 }), { age: 0.2 }),
      tenant('chat', wave(2.2, { phase: 0.5 }), { age: 0.2 }),
    ],
  },
  {
    name: 'a30-3-bursty',
    about: 'Three tenants on four slices, with bursts.',
    gpus: a30,
    seed: 2,
    tenants: [
      tenant('text', bursts(0.3, 2.6), { age: 0.15 }),
      tenant('chat', bursts(0.3, 2.6), { age: 0.15 }),
      tenant('photos', bursts(0.3, 2.2), { age: 0.15 }),
    ],
  },
  {
    name: 'h100-3-diurnal',
    about: 'Three short days on an H100 (figures derived).',
    gpus: h100,
    tenants: [
      tenant('photos', day(1, 8, { peak: 40, period: 200 }), { age: 0.2 }),
      tenant('frames', day(1, 8, { peak: 110, period: 200 }), { age: 0.2 }),
      tenant('thumbnails', day(1, 7, { peak: 170, period: 200 }), { age: 0.2 }),
    ],
  },
  {
    name: 'h100-4-slow-start',
    about: 'Four tenants on an H100 (figures derived) whose workers take 25 s to start.',
    gpus: h100,
    tenants: [
      tenant('photos', wave(3.3, { phase: 0, period: 400 }), { ...slowStart, age: 0.3 }),
      tenant('frames', wave(3.3, { phase: 0.5, period: 400 }), { ...slowStart, age: 0.2 }),
      tenant('documents', steady(1.2), { ...slowStart, ...fresh }),
      tenant('text', day(0.5, 5, { peak: 120, period: 400 }), { ...slowStart, age: 0.2 }),
    ],
  },
]

const kindsInTurn = [
  'photos',
  'frames',
  'thumbnails',
  'faces',
  'text',
  'scans',
  'chat',
  'documents',
]

/** `count` tenants, the kinds in turn; `loadOf` and `moreOf` are asked with their number. */
function tenantsInTurn(count, loadOf, moreOf = () => ({})) {
  return Array.from({ length: count }, (_, i) => {
    const kind = kindsInTurn[i % kindsInTurn.length]
    return tenant(kind, loadOf(i, kind), { name: `${kind}-${i + 1}`, ...moreOf(i, kind) })
  })
}

/** Documents are slow on any instance: they get a quarter of what others do. */
const sized = (kind, slices) => (kind === 'documents' ? slices / 4 : slices)

/** Each GPU cut into 3g, 2g, 1g, 1g at 4, 2, 0, 1, the tenants in turn: nobody's choice. */
function runningInTurn(gpuCount, names) {
  const cut = [
    ['3g.40gb', 4],
    ['2g.20gb', 2],
    ['1g.10gb', 0],
    ['1g.10gb', 1],
  ]
  return Array.from({ length: gpuCount * cut.length }, (_, i) => {
    const [profile, start] = cut[i % cut.length]
    const tenant = names[(i * 5) % names.length]
    return { gpu: Math.floor(i / cut.length), profile, start, tenant }
  })
}

const severalGpus = [
  {
    name: 'two-a100-4',
    about: 'Four tenants in anti-phase on two GPUs.',
    gpus: [{ model: 'a100-80gb', count: 2 }],
    tenants: tenantsInTurn(
      4,
      (i) => wave(3.8, { phase: i / 4 }),
      (i) => ({ age: 0.1 + 0.1 * i }),
    ),
  },
  {
    name: 'two-a100-6-warm',
    about: 'Six tenants on two GPUs from a layout that was nobody’s choice.',
    gpus: [{ model: 'a100-80gb', count: 2 }],
    site: terminal,
    tenants: tenantsInTurn(
      6,
      (i) => wave(2.5, { phase: i / 6 }),
      () => ({ age: 0.25 }),
    ),
    running: runningInTurn(
      2,
      kindsInTurn.slice(0, 6).map((kind, i) => `${kind}-${i + 1}`),
    ),
  },
  {
    name: 'a30-and-a100-4',
    about: 'Two kinds of GPU.',
    gpus: [{ model: 'a100-80gb' }, { model: 'a30' }],
    tenants: [
      tenant('photos', wave(3, { phase: 0 }), { age: 0.2 }),
      tenant('thumbnails', wave(3, { phase: 0.5 }), { age: 0.2 }),
      tenant('chat', bursts(0.6, 4), { age: 0.1 }),
      tenant('text', steady(2.2), { age: 0.3 }),
    ],
  },
  {
    name: 'four-a100-8-bursty',
    about: 'Eight tenants with bursts on four GPUs.',
    gpus: [{ model: 'a100-80gb', count: 4 }],
    seed: 6,
    tenants: tenantsInTurn(
      8,
      (_, kind) => bursts(sized(kind, 1), sized(kind, 7), { quietMean: 50 }),
      () => ({ age: 0.15 }),
    ),
  },
  {
    name: 'four-h100-8-diurnal',
    about: 'Eight short days on four H100 (figures derived), started warm.',
    gpus: [{ model: 'h100-80gb', count: 4 }],
    tenants: tenantsInTurn(
      8,
      (i, kind) => day(sized(kind, 1.5), sized(kind, 10), { peak: 25 * i, period: 200 }),
      () => ({ age: 0.2 }),
    ),
    running: runningInTurn(
      4,
      kindsInTurn.map((kind, i) => `${kind}-${i + 1}`),
    ),
  },
  {
    name: 'eight-a100-12-calm',
    about: 'Twelve steady tenants on eight GPUs: where to retrain, and what not to touch.',
    gpus: [{ model: 'a100-80gb', count: 8 }],
    site: terminal,
    tenants: tenantsInTurn(
      12,
      (_, kind) => steady(sized(kind, 4)),
      (i) => ({ age: 0.1 + 0.05 * (i % 8) }),
    ),
  },
  {
    name: 'eight-a100-16',
    about: 'Sixteen tenants in anti-phase on eight GPUs.',
    gpus: [{ model: 'a100-80gb', count: 8 }],
    tenants: tenantsInTurn(
      16,
      (i, kind) => wave(sized(kind, 3.8), { phase: i / 16, amplitude: 0.8 }),
      (i) => ({ age: 0.1 + 0.03 * i }),
    ),
  },
  {
    name: 'eight-h100-16-warm',
    about: 'Sixteen tenants with bursts on eight H100 (figures derived), started warm.',
    gpus: [{ model: 'h100-80gb', count: 8 }],
    seed: 8,
    tenants: tenantsInTurn(
      16,
      (_, kind) => bursts(sized(kind, 1.5), sized(kind, 11), { gapCv: 1 }),
      () => ({ age: 0.2 }),
    ),
    running: runningInTurn(
      8,
      Array.from({ length: 16 }, (_, i) => `${kindsInTurn[i % 8]}-${i + 1}`),
    ),
  },
]

export const problems = [...oneGpu, ...severalGpus]
