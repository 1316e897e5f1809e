import { FileUnreadable, type ReadFile, shippedPrefix } from '../src/config/read-document.ts'
import { readShipped } from './data-files.ts'

/** A small accuracy table, typed for tests: retraining restores what drift takes. */
export const literalAccuracy = JSON.stringify({
  id: 'literal',
  source: 'typed for tests',
  driftGrid: [0, 0.5, 1],
  stalenessGrid: [0, 1],
  initialAccuracy: [0.95, 0.75, 0.55],
  configurations: [
    {
      id: 'full',
      epochs: 2,
      samplesPerEpoch: 1500,
      accuracy: [
        [0.94, 0.74, 0.54],
        [0.9, 0.7, 0.5],
      ],
      accuracySpread: 0.01,
      learningCurve: [
        [0.9, 0.92, 0.94],
        [0.5, 0.8, 0.9],
      ],
    },
    {
      id: 'short',
      epochs: 1,
      samplesPerEpoch: 500,
      accuracy: [
        [0.92, 0.72, 0.52],
        [0.7, 0.6, 0.5],
      ],
      accuracySpread: 0.03,
      learningCurve: [
        [0.9, 0.92],
        [0.5, 0.7],
      ],
    },
  ],
})

/** A site file for tests, one key a line so that a test can change one. */
export const literalSite = `version: 1
name: lab
gpus:
  - model: a100-80gb
tenants:
  - name: vision
    model: resnet50
    slo: 100ms
    accuracy: ./accuracy.json
    retraining:
      job: resnet50-cifar
      batch: 64
      samplesScale: 10
  - name: language
    model: bert-large
    slo: 400ms
    weight: 2
    items: [{items: 1, share: 3}, {items: 5, share: 1}]
    accuracy: ./accuracy.json
window: 100s
slot: 1s
simulation:
  duration: 300s
  seeds: [1, 2]
  tenants:
    vision:
      arrivals: {generate: sine, mean: 300/s, amplitude: 0.5, period: 150s}
      drift: {perSecond: 0.001, shifts: [{at: 50s, distance: 0.2}]}
    language:
      arrivals: {trace: ./counts.csv, format: counts, amplify: 20}
`

const countsText = `second,requests\n${Array.from({ length: 1200 }, (_, i) => `${i},${i % 5}\n`).join('')}`

/** Reads the files that `literalSite` names, and what comes with the program. */
export function readLiteral(files: Readonly<Record<string, string>> = {}): ReadFile {
  const all = new Map(
    Object.entries({ './accuracy.json': literalAccuracy, './counts.csv': countsText, ...files }),
  )
  return (path) => {
    const text = all.get(path)
    if (text !== undefined) return text
    if (path.startsWith(shippedPrefix)) return readShipped(path)
    throw new FileUnreadable(path, 'which does not exist')
  }
}
