/** Bytes in pieces to lines; a line over the limit is dropped whole and counted. */
export type LineSplitter = {
  readonly push: (bytes: Uint8Array) => void
  /** Lines that were too long, so far. */
  readonly dropped: () => number
}

/** `onLine` gets each line, as UTF-8, without its end. */
export function lineSplitter(bytesMax: number, onLine: (line: string) => void): LineSplitter {
  let pieces: Uint8Array[] = []
  let length = 0
  let isDropping = false
  let dropped = 0
  return { push, dropped: () => dropped }

  function push(bytes: Uint8Array): void {
    let from = 0
    for (;;) {
      const end = bytes.indexOf(0x0a, from)
      if (end === -1) break
      add(bytes.subarray(from, end))
      finish()
      from = end + 1
    }
    add(bytes.subarray(from))
  }

  function add(part: Uint8Array): void {
    if (isDropping || part.length === 0) return
    length += part.length
    if (length > bytesMax) {
      isDropping = true
      dropped += 1
      pieces = []
      return
    }
    // A copy, which a Buffer's own slice() is not: the caller's buffer is used again.
    pieces.push(new Uint8Array(part))
  }

  function finish(): void {
    if (!isDropping) onLine(Buffer.concat(pieces).toString('utf8'))
    pieces = []
    length = 0
    isDropping = false
  }
}
