/** What the process tells its caller (documented in docs/COMMANDS.md). */
export const exitCodes = {
  done: 0,
  error: 1,
  infeasible: 3,
  usage: 64,
  interrupted: 130,
} as const
