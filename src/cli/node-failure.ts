import { DeviceError } from '../devices/device-error.ts'
import type { ErrorCode } from '../devices/return-codes.ts'
import { JournalError } from '../runtime/journal/journal-error.ts'
import { ForeignOwnerError } from '../runtime/node/foreign-owner-error.ts'
import { CutOffError } from './cut-off-error.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'

type NodeFailure = { readonly message: string; readonly code: ExitCode }

/** What a node cannot do as it is, before anything was begun on it. */
const preconditions: readonly ErrorCode[] = [
  'NVML_ERROR_NO_PERMISSION',
  'NVML_ERROR_DRIVER_NOT_LOADED',
  'NVML_ERROR_LIBRARY_NOT_FOUND',
  'NVML_ERROR_FUNCTION_NOT_FOUND',
  'NVML_ERROR_LIB_RM_VERSION_MISMATCH',
  'NVML_ERROR_RESET_REQUIRED',
  'NVML_ERROR_GPU_IS_LOST',
  'NVML_ERROR_IN_USE',
]

/** The message and exit code of an error that a node, its driver or its journal gave; else null. */
export function nodeFailure(error: unknown): NodeFailure | null {
  if (error instanceof ForeignOwnerError) {
    const waiver = 'Or leave the GPUs to them; --ignore-owners goes on all the same'
    return { message: `${error.message}\n  ${waiver}`, code: exitCodes.refused }
  }
  if (error instanceof DeviceError) {
    const isPrecondition = preconditions.includes(error.code)
    const code = isPrecondition ? exitCodes.refused : exitCodes.error
    return { message: error.message, code }
  }
  if (error instanceof CutOffError) return { message: error.message, code: exitCodes.needsHuman }
  if (error instanceof JournalError) return journalFailure(error)
  return null
}

function journalFailure({ code, message }: JournalError): NodeFailure {
  const told = (fix: string): string => `${message}\n  fix: ${fix}`
  switch (code) {
    case 'JOURNAL_LOCKED':
      return {
        message: told('wait until it has ended, or stop it; migrator status looks meanwhile'),
        code: exitCodes.refused,
      }
    case 'JOURNAL_UNWRITABLE':
      return {
        message: told(
          'run as a user who may write there, free space on that disk, or name another folder ' +
            'with --state-dir; then migrator status tells what is there',
        ),
        code: exitCodes.refused,
      }
    case 'JOURNAL_UNREADABLE':
      return {
        message: told(
          'move the file away and run migrator adopt: without a journal nothing is migrator’s',
        ),
        code: exitCodes.needsHuman,
      }
  }
}
