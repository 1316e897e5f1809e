import type { TraceFormat } from '../arrivals/read-trace.ts'
import { shippedPrefix } from './read-document.ts'

/** Accuracy tables that come with the program: `data/accuracy/<name>.json`. */
export const shippedAccuracyTables = ['easy', 'medium', 'hard'] as const

/** A trace that comes with the program, so that its format needs no saying. */
export type ShippedTrace = {
  readonly path: string
  readonly format: TraceFormat
  readonly label: string
}

export const shippedTraces: Readonly<Record<string, ShippedTrace>> = {
  'azure-llm-2023-conversation': {
    path: `${shippedPrefix}traces/azure-llm-2023-conversation.csv`,
    format: 'counts',
    label: 'Azure LLM 2023 conversation',
  },
}

/** Whether a name in a site file is a path rather than the name of something shipped. */
export function isPath(name: string): boolean {
  return /[/\\.]/.test(name)
}
