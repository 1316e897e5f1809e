import { ConfigError, InfeasibleSloError } from '../config/config-error.ts'
import { exitCodes } from './exit-codes.ts'
import { nodeFailure } from './node-failure.ts'
import { UsageError } from './usage-error.ts'

/**
 * One message on stderr, and the exit code that says whose move it is. Errors that come back from a
 * worker thread have lost their class, so they are told apart by name.
 */
export function reportFailure(error: unknown): number {
  if (error instanceof UsageError || error instanceof ConfigError) {
    process.stderr.write(`migrator: ${error.message}\n`)
    return exitCodes.usage
  }
  if (error instanceof InfeasibleSloError) {
    process.stderr.write(`migrator: ${error.message}\n`)
    return exitCodes.infeasible
  }
  const node = nodeFailure(error)
  if (node !== null) {
    process.stderr.write(`migrator: ${node.message}\n`)
    return node.code
  }
  if (error instanceof Error && 'code' in error && 'syscall' in error) {
    // The system refused (disk full, no permission): its own words, without our stack.
    process.stderr.write(`migrator: ${error.message}\n`)
    return exitCodes.error
  }
  const words = error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.stderr.write(`migrator: this is a bug of ours: ${words}\n`)
  return exitCodes.error
}
