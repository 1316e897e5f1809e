/** How long after a failure another worker of the tenant is started: none at first, then longer. */
const firstPauseSeconds = 0.5
const pauseSecondsMax = 30
/** Failures further back do not count. */
const memorySeconds = 120

/** Keeps a tenant whose workers keep dying from being started over and over. */
export class FailurePause {
  readonly #failures = new Map<string, readonly number[]>()

  /** Another failure: seconds to wait before it is told. */
  note(tenant: string, nowSeconds: number): number {
    const before = this.#failures.get(tenant) ?? []
    const recent = before.filter((at) => at > nowSeconds - memorySeconds)
    this.#failures.set(tenant, [...recent, nowSeconds])
    if (recent.length === 0) return 0
    return Math.min(pauseSecondsMax, firstPauseSeconds * 2 ** (recent.length - 1))
  }

  /** In the last two minutes. */
  count(tenant: string, nowSeconds: number): number {
    const all = this.#failures.get(tenant) ?? []
    return all.filter((at) => at > nowSeconds - memorySeconds).length
  }
}
