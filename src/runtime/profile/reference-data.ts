import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Rng } from '../../base/rng.ts'
import type { Study } from '../../learning/studies.ts'
import { referenceSeed } from '../daemon/programs.ts'
import { labelledLine } from '../labelled-data/labelled-request.ts'
import { driftingSource } from '../reference/drifting-source.ts'

const itemsPerRequest = 25

/** As many labelled requests as a window has, for a reference trainer to learn from. */
export function writeReferenceData(folder: string, study: Study): void {
  const source = driftingSource({
    study,
    seed: referenceSeed,
    drift: { distancePerSecond: 0, shifts: [] },
    initialStaleness: 0,
  })
  const rng = new Rng(referenceSeed, 'labels for a measurement')
  const lines = Array.from({ length: Math.ceil(study.labelsPerWindow / itemsPerRequest) }, () => {
    const { request, labels } = source.requestAt(0, itemsPerRequest, rng)
    const facts = { label: labels, version: 'initial', atSeconds: 0 }
    return labelledLine(JSON.stringify({ inputs: request.inputs }), facts)
  })
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'train.jsonl'), lines.join(''))
}
