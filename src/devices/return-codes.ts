/** NVML's error codes (nvmlReturn_t in NVIDIA's nvml.h), named as NVIDIA names them. */
export const errorNumbers = {
  NVML_ERROR_UNINITIALIZED: 1,
  NVML_ERROR_INVALID_ARGUMENT: 2,
  NVML_ERROR_NOT_SUPPORTED: 3,
  NVML_ERROR_NO_PERMISSION: 4,
  NVML_ERROR_ALREADY_INITIALIZED: 5,
  NVML_ERROR_NOT_FOUND: 6,
  NVML_ERROR_INSUFFICIENT_SIZE: 7,
  NVML_ERROR_INSUFFICIENT_POWER: 8,
  NVML_ERROR_DRIVER_NOT_LOADED: 9,
  NVML_ERROR_TIMEOUT: 10,
  NVML_ERROR_IRQ_ISSUE: 11,
  NVML_ERROR_LIBRARY_NOT_FOUND: 12,
  NVML_ERROR_FUNCTION_NOT_FOUND: 13,
  NVML_ERROR_CORRUPTED_INFOROM: 14,
  NVML_ERROR_GPU_IS_LOST: 15,
  NVML_ERROR_RESET_REQUIRED: 16,
  NVML_ERROR_OPERATING_SYSTEM: 17,
  NVML_ERROR_LIB_RM_VERSION_MISMATCH: 18,
  NVML_ERROR_IN_USE: 19,
  NVML_ERROR_MEMORY: 20,
  NVML_ERROR_NO_DATA: 21,
  NVML_ERROR_VGPU_ECC_NOT_SUPPORTED: 22,
  NVML_ERROR_INSUFFICIENT_RESOURCES: 23,
  NVML_ERROR_FREQ_NOT_SUPPORTED: 24,
  NVML_ERROR_ARGUMENT_VERSION_MISMATCH: 25,
  NVML_ERROR_DEPRECATED: 26,
  NVML_ERROR_NOT_READY: 27,
  NVML_ERROR_GPU_NOT_FOUND: 28,
  NVML_ERROR_INVALID_STATE: 29,
  NVML_ERROR_RESET_TYPE_NOT_SUPPORTED: 30,
  NVML_ERROR_UNKNOWN: 999,
} as const

export type ErrorCode = keyof typeof errorNumbers

/** What the caller does about an error. */
export type Retry =
  /** Nothing that this program does will help: tell a person. */
  | 'never'
  /** Once whoever uses the instance or the GPU has left it. */
  | 'after-drain'
  /** The state is not what the plan was made from: look again and plan again. */
  | 'after-replan'
  /** The same call may go through in a moment. */
  | 'with-back-off'

export const retryOf: Readonly<Record<ErrorCode, Retry>> = {
  NVML_ERROR_UNINITIALIZED: 'never',
  NVML_ERROR_INVALID_ARGUMENT: 'never',
  NVML_ERROR_NOT_SUPPORTED: 'never',
  NVML_ERROR_NO_PERMISSION: 'never',
  NVML_ERROR_ALREADY_INITIALIZED: 'never',
  NVML_ERROR_NOT_FOUND: 'after-replan',
  NVML_ERROR_INSUFFICIENT_SIZE: 'with-back-off',
  NVML_ERROR_INSUFFICIENT_POWER: 'never',
  NVML_ERROR_DRIVER_NOT_LOADED: 'never',
  NVML_ERROR_TIMEOUT: 'with-back-off',
  NVML_ERROR_IRQ_ISSUE: 'never',
  NVML_ERROR_LIBRARY_NOT_FOUND: 'never',
  NVML_ERROR_FUNCTION_NOT_FOUND: 'never',
  NVML_ERROR_CORRUPTED_INFOROM: 'never',
  NVML_ERROR_GPU_IS_LOST: 'never',
  NVML_ERROR_RESET_REQUIRED: 'never',
  NVML_ERROR_OPERATING_SYSTEM: 'with-back-off',
  NVML_ERROR_LIB_RM_VERSION_MISMATCH: 'never',
  NVML_ERROR_IN_USE: 'after-drain',
  NVML_ERROR_MEMORY: 'with-back-off',
  NVML_ERROR_NO_DATA: 'with-back-off',
  NVML_ERROR_VGPU_ECC_NOT_SUPPORTED: 'never',
  NVML_ERROR_INSUFFICIENT_RESOURCES: 'after-replan',
  NVML_ERROR_FREQ_NOT_SUPPORTED: 'never',
  NVML_ERROR_ARGUMENT_VERSION_MISMATCH: 'never',
  NVML_ERROR_DEPRECATED: 'never',
  NVML_ERROR_NOT_READY: 'with-back-off',
  NVML_ERROR_GPU_NOT_FOUND: 'never',
  NVML_ERROR_INVALID_STATE: 'with-back-off',
  NVML_ERROR_RESET_TYPE_NOT_SUPPORTED: 'never',
  NVML_ERROR_UNKNOWN: 'with-back-off',
}

const namesByNumber = new Map<number, ErrorCode>(
  Object.entries(errorNumbers).map(([name, number]) => [number, name as ErrorCode]),
)

/** The name of a code; one that is newer than this table counts as unknown. */
export function errorCodeOf(number: number): ErrorCode {
  return namesByNumber.get(number) ?? 'NVML_ERROR_UNKNOWN'
}
