/** A longer head is read anew each time. */
const bytesMax = 1024

/**
 * The last head that a peer sent, as bytes and as what it was read as. Peers send the same head
 * again and again; to compare it costs a tenth of reading it.
 */
export class LastHead<Head> {
  #bytes: Buffer | null = null
  #length = 0
  #head: Head | null = null

  /** Bytes of the head, its empty line included. */
  get length(): number {
    return this.#length
  }

  /** What these bytes begin with, where that is the same head again. */
  find(bytes: Buffer): Head | null {
    const length = this.#length
    if (this.#bytes === null || length === 0 || bytes.length < length) return null
    return bytes.compare(this.#bytes, 0, length, 0, length) === 0 ? this.#head : null
  }

  /** The first `length` bytes were read as this head. */
  keep(bytes: Buffer, length: number, head: Head): void {
    if (length > bytesMax) return
    this.#bytes ??= Buffer.allocUnsafeSlow(bytesMax)
    bytes.copy(this.#bytes, 0, 0, length)
    this.#length = length
    this.#head = head
  }
}
