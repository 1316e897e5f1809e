/** What the process tells its caller (docs/designs/005-execute.md says when). */
export const exitCodes = {
  /** Done, or there was nothing to do. */
  done: 0,
  error: 1,
  /** `assert`: what was asked for is not applied. */
  notApplied: 1,
  /** `plan --detailed-exitcode`: carrying the plan out would change something. */
  changesPending: 2,
  infeasible: 3,
  /** Nothing was begun: drift, a busy instance, another owner, no permission. */
  refused: 4,
  /** It failed, and the GPUs are as they were. */
  rolledBack: 5,
  /** It failed, and a person has to look; the command to run was printed. */
  needsHuman: 6,
  usage: 64,
  /** Stopped between two steps; the journal knows what is there. */
  interrupted: 130,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]
