/** Memory for bodies that the router holds for clients and workers, all tenants together. */
export class BufferBudget {
  readonly #bytesMax: number
  #used = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get usedBytes(): number {
    return this.#used
  }

  /** False, and nothing taken, when there is no room. */
  take(bytes: number): boolean {
    if (this.#used + bytes > this.#bytesMax) return false
    this.#used += bytes
    return true
  }

  give(bytes: number): void {
    this.#used -= bytes
  }
}
