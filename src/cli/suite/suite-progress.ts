import { Presets, SingleBar } from 'cli-progress'
import type { SuiteRow } from '../../observe/suite/suite-row.ts'

export type SuiteProgress = {
  readonly step: (row: SuiteRow, weight: number) => void
  readonly stop: () => void
}

/** As progress.ts, by what rows cost: the bar and the time left are of work, not of rows. */
export function showSuiteProgress(total: {
  readonly rows: number
  /** Rows that are there already. */
  readonly found: number
  /** Of the rows that are to be made. */
  readonly weight: number
}): SuiteProgress {
  if (process.stderr.isTTY !== true) return { step: () => {}, stop: () => {} }
  const format = '{bar} {percentage} %  {done}/{rows} rows  {eta_formatted} left  {label}'
  const bar = new SingleBar({ format, hideCursor: true, etaBuffer: 60 }, Presets.shades_classic)
  let done = total.found
  bar.start(Math.max(1e-9, total.weight), 0, { rows: total.rows, done, label: '' })
  return {
    step: ({ scenario, seed, policy }, weight) => {
      done += 1
      bar.increment(weight, { done, label: `${scenario}, seed ${seed}, ${policy}` })
    },
    stop: () => bar.stop(),
  }
}
