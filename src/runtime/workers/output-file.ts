import { fstatSync, ftruncateSync, readSync } from 'node:fs'
import { type FileHandle, mkdir, open, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * A file that a worker writes its output to, by a descriptor of its own that it inherited. It is
 * opened for appending, so that after a cut the worker goes on at the new end. Only the supervisor
 * cuts it; while there is none, the file grows.
 */
export type OutputFile = {
  readonly path: string
  /**
   * Hands over what was written since the last call, in pieces, and cuts the file if it has grown
   * over its bound; the newest half of the bound is kept beside it as `<path>.old`. A flood loses
   * its middle, never its end; what is written in the instant of a cut is lost. True when cut.
   */
  readonly poll: (onBytes?: (bytes: Uint8Array) => void) => Promise<boolean>
  readonly close: () => Promise<void>
}

const pieceBytes = 64 * 1024

/** An empty file for a start; what an earlier start left is kept as `<path>.old`. */
export async function createOutput(path: string): Promise<FileHandle> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  await rename(path, `${path}.old`).catch(() => {})
  return open(path, 'a', 0o600)
}

/** Follows the file from its first byte; `bytesMax` is its bound. */
export async function followOutput(path: string, bytesMax: number): Promise<OutputFile> {
  const file = await open(path, 'r+')
  const piece = Buffer.alloc(pieceBytes)
  let offset = 0
  return { path, poll, close: () => file.close() }

  async function poll(onBytes?: (bytes: Uint8Array) => void): Promise<boolean> {
    // At once: it takes two microseconds, and is mostly all there is to do.
    const { size } = fstatSync(file.fd)
    // Somebody else has cut it.
    if (size < offset) offset = 0
    if (onBytes !== undefined && size > offset) await handOver(onBytes)
    if (onBytes === undefined) offset = size
    if (size <= bytesMax) return false
    const { kept, unread } = cut()
    if (unread.length > 0) onBytes?.(unread)
    await writeFile(`${path}.old`, kept, { mode: 0o600 })
    return true
  }

  /** At most the bound in one call, however fast the worker writes. */
  async function handOver(onBytes: (bytes: Uint8Array) => void): Promise<void> {
    const until = offset + bytesMax
    while (offset < until) {
      const { bytesRead } = await file.read(piece, 0, pieceBytes, offset)
      if (bytesRead === 0) return
      offset += bytesRead
      onBytes(piece.subarray(0, bytesRead))
    }
  }

  /** At once, so that next to nothing is written between the last byte read and the cut. */
  function cut(): { readonly kept: Uint8Array; readonly unread: Uint8Array } {
    const { size } = fstatSync(file.fd)
    const end = Buffer.alloc(Math.min(size, Math.floor(bytesMax / 2)))
    const bytesRead = readSync(file.fd, end, 0, end.length, size - end.length)
    ftruncateSync(file.fd, 0)
    const kept = end.subarray(0, bytesRead)
    const unread = kept.subarray(kept.length - Math.min(kept.length, Math.max(0, size - offset)))
    offset = 0
    return { kept, unread }
  }
}
