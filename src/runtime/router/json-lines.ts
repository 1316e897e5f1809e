import type { Socket } from 'node:net'
import { lineBytesMax } from './protocol.ts'

/**
 * Reads a socket as JSON, one value a line. `onValue` gets undefined for a line that is no JSON;
 * a line too long ends the socket.
 */
export function readJsonLines(socket: Socket, onValue: (value: unknown) => void): void {
  let parts: Buffer[] = []
  let bytes = 0
  socket.on('data', (chunk: Buffer) => {
    let from = 0
    for (;;) {
      const end = chunk.indexOf(0x0a, from)
      if (end < 0) break
      parts.push(chunk.subarray(from, end))
      const line = Buffer.concat(parts).toString('utf8')
      parts = []
      bytes = 0
      from = end + 1
      onValue(parse(line))
      if (socket.destroyed) return
    }
    bytes += chunk.length - from
    parts.push(chunk.subarray(from))
    if (bytes > lineBytesMax)
      socket.destroy(new Error(`A line has more than ${lineBytesMax} bytes`))
  })
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
