import type { OutputPaths } from './launch.ts'
import { lineSplitter } from './line-splitter.ts'
import { followOutput } from './output-file.ts'
import { pause } from './pause.ts'
import type { SupervisionTiming } from './timing.ts'
import { readTrainingLine, type TrainingLine } from './training-line.ts'

export type FollowedOutput = OutputPaths & {
  /** Null where standard output means nothing to us. */
  readonly onLine: ((line: TrainingLine) => void) | null
  readonly onFlood: (message: string) => void
  readonly timing: SupervisionTiming
}

const lineBytesMax = 64 * 1024

/**
 * Follows and bounds both files until the signal, and looks once more after it, so that the last
 * words of a process that ended before the signal are heard.
 */
export async function followWorker(options: FollowedOutput, signal: AbortSignal): Promise<void> {
  const { onLine, onFlood, timing } = options
  const stdout = await followOutput(options.stdoutPath, timing.outputBytesMax)
  const stderr = await followOutput(options.stderrPath, timing.outputBytesMax)
  const lines = lineSplitter(lineBytesMax, (line) => onLine?.(readTrainingLine(line)))
  let dropped = 0
  try {
    for (;;) {
      const isLast = signal.aborted
      const isCut = [
        await stdout.poll(onLine === null ? undefined : lines.push),
        await stderr.poll(),
      ]
      if (isCut[0]) onFlood(cutWords(options.stdoutPath, timing))
      if (isCut[1]) onFlood(cutWords(options.stderrPath, timing))
      if (lines.dropped() > dropped) {
        dropped = lines.dropped()
        onLine?.({ kind: 'garbled', reason: `A line has more than ${lineBytesMax} bytes` })
      }
      if (isLast) return
      await pause(timing.pollSeconds, signal)
    }
  } finally {
    await Promise.all([stdout.close(), stderr.close()])
  }
}

function cutWords(path: string, { outputBytesMax }: SupervisionTiming): string {
  return `${path} grew over ${outputBytesMax} bytes and was cut`
}
