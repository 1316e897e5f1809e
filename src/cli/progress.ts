import { Presets, SingleBar } from 'cli-progress'

export type Progress = {
  readonly step: (label: string) => void
  readonly stop: () => void
}

/** A bar on stderr when that is a terminal; silent otherwise, so that logs stay clean. */
export function showProgress(total: number): Progress {
  if (process.stderr.isTTY !== true) return { step: () => {}, stop: () => {} }
  const bar = new SingleBar(
    { format: '{bar} {value}/{total} runs  {eta_formatted} left  {label}', hideCursor: true },
    Presets.shades_classic,
  )
  bar.start(total, 0, { label: '' })
  return {
    step: (label) => bar.increment(1, { label }),
    stop: () => bar.stop(),
  }
}
