// Who the benchmark's tenants are. Every figure of throughput and retraining speed comes from
// data/profiles; `rpsPerSlice` is only the unit in which problems state their load: about what one
// compute slice of an A100 80GB answers, so that a GPU is full at 7.

/** Model, SLO, accuracy table, retraining job, and the size of that job. */
export const kinds = {
  photos: {
    model: 'resnet50',
    slo: '100ms',
    rpsPerSlice: 390,
    accuracy: 'medium',
    retraining: { job: 'resnet50-cifar', batch: 256, samplesScale: 15 },
  },
  documents: {
    model: 'bert-large',
    slo: '400ms',
    rpsPerSlice: 110,
    accuracy: 'hard',
    retraining: { job: 'bert-finetune', batch: 4, samplesScale: 0.1 },
  },
  thumbnails: {
    model: 'mobilenetv2',
    slo: '50ms',
    rpsPerSlice: 700,
    accuracy: 'easy',
    retraining: { job: 'mobilenet-cifar', batch: 256, samplesScale: 40 },
  },
  frames: {
    model: 'inceptionv3',
    slo: '150ms',
    rpsPerSlice: 550,
    accuracy: 'medium',
    retraining: { job: 'resnet50', batch: 64, samplesScale: 0.8 },
  },
  scans: {
    model: 'densenet201',
    slo: '300ms',
    rpsPerSlice: 195,
    accuracy: 'hard',
    retraining: { job: 'resnet50', batch: 32, samplesScale: 0.4 },
  },
  faces: {
    model: 'resnet101',
    slo: '200ms',
    rpsPerSlice: 255,
    accuracy: 'easy',
    retraining: { job: 'resnet50-moco', batch: 8, samplesScale: 0.5 },
  },
  text: {
    model: 'mpnet-base',
    slo: '100ms',
    rpsPerSlice: 620,
    accuracy: 'medium',
    retraining: { job: 'transformer', batch: 32, samplesScale: 0.8 },
  },
  chat: {
    model: 'minilm-l12',
    slo: '60ms',
    rpsPerSlice: 1440,
    accuracy: 'easy',
    retraining: { job: 'embedding', batch: 256, samplesScale: 100 },
  },
}

const configurations = ['full', 'short', 'little-data']

/** A tenant of that kind: `load` makes its arrivals, `more` overrides what the kind says. */
export function tenant(kind, load, more = {}) {
  const { rpsPerSlice, ...own } = kinds[kind]
  const { age = 0.3, driftPerSecond = 0.001, retrains = configurations, ...rest } = more
  const retraining =
    retrains.length === 0 ? undefined : { ...own.retraining, configurations: retrains }
  return {
    site: { name: kind, ...own, ...rest, retraining },
    arrivals: load(rpsPerSlice),
    drift: { perSecond: driftPerSecond },
    initialStaleness: age,
  }
}

const rate = (rps) => `${Number(rps.toPrecision(4))}/s`

// Loads, in compute slices of work. Periods and times are in seconds; a window has 200.

export const steady =
  (slices, { gapCv = 1, noise = 0.05 } = {}) =>
  (rps) => ({ generate: 'constant', rate: rate(slices * rps), gapCv, noise: noiseOf(noise) })

/** Sine; `phase` in turns. */
export const wave =
  (slices, { phase = 0, amplitude = 0.7, period = 200, gapCv = 1, noise = 0.1 } = {}) =>
  (rps) => ({
    generate: 'sine',
    mean: rate(slices * rps),
    amplitude,
    period: `${period}s`,
    phase,
    gapCv,
    noise: noiseOf(noise),
  })

/** Quiet and busy stretches of exponential length. */
export const bursts =
  (quiet, busy, { quietMean = 40, busyMean = 30, gapCv = 2 } = {}) =>
  (rps) => ({
    generate: 'on-off',
    off: rate(quiet * rps),
    on: rate(busy * rps),
    offMean: `${quietMean}s`,
    onMean: `${busyMean}s`,
    gapCv,
  })

/** A day pressed into `period` seconds. */
export const day =
  (low, high, { peak = 100, period = 400, sharpness = 3 } = {}) =>
  (rps) => ({
    generate: 'diurnal',
    low: rate(low * rps),
    high: rate(high * rps),
    period: `${period}s`,
    peak: `${peak}s`,
    sharpness,
    noise: noiseOf(0.05),
  })

/** The recorded requests of Azure's 2023 LLM conversation trace, 5.5 a second, times `amplify`. */
export const recorded =
  (amplify, { smooth = 20 } = {}) =>
  () => ({
    trace: 'azure-llm-2023-conversation',
    amplify,
    method: 'resample',
    smooth: `${smooth}s`,
  })

function noiseOf(relative) {
  return { relative, correlation: '20s' }
}
