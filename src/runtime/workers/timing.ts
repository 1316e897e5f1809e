/** How closely workers are watched. */
export type SupervisionTiming = {
  /** Between looks at output and at an adopted process. */
  readonly pollSeconds: number
  /** Between questions whether a starting server is ready. */
  readonly readyPollSeconds: number
  readonly readyAnswerSecondsMax: number
  /** Between questions whether a ready server lives; that many unanswered in a row: it hangs. */
  readonly livenessSeconds: number
  readonly livenessAnswerSecondsMax: number
  readonly livenessMissesMax: number
  readonly memorySeconds: number
  /** From the report of a leak to the stop, for requests to go elsewhere. */
  readonly leakGraceSeconds: number
  /** From SIGTERM to SIGKILL where nobody named a grace. */
  readonly graceSeconds: number
  /** From a trainer's word that it is done to its end. */
  readonly doneGraceSeconds: number
  readonly loadSecondsMax: number
  /** Bound of each of a worker's two output files, and of what is kept of it beside. */
  readonly outputBytesMax: number
  /** Ended workers whose output is kept. */
  readonly endedKept: number
}

export const timingDefault: SupervisionTiming = {
  pollSeconds: 0.1,
  readyPollSeconds: 0.1,
  readyAnswerSecondsMax: 2,
  livenessSeconds: 1,
  livenessAnswerSecondsMax: 5,
  livenessMissesMax: 3,
  memorySeconds: 5,
  leakGraceSeconds: 10,
  graceSeconds: 10,
  doneGraceSeconds: 10,
  loadSecondsMax: 120,
  outputBytesMax: 4 * 1024 * 1024,
  endedKept: 100,
}
