import { fstatSync } from 'node:fs'
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
   * over its bound; the newest half of the bound is kept beside it as `<path>.old`. What is written
   * within the moment of a cut is lost. True when it was cut.
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
    await cut(size)
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

  async function cut(size: number): Promise<void> {
    const kept = Buffer.alloc(Math.min(size, Math.floor(bytesMax / 2)))
    const { bytesRead } = await file.read(kept, 0, kept.length, size - kept.length)
    await file.truncate(0)
    offset = 0
    await writeFile(`${path}.old`, kept.subarray(0, bytesRead), { mode: 0o600 })
  }
}
