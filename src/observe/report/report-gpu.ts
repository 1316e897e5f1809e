/** A GPU as a timeline draws it. */
export type ReportGpu = {
  readonly index: number
  readonly title: string
  readonly memorySlices: number
  /** What a row of its timeline is; absent: a memory slice. */
  readonly rowName?: string
}
