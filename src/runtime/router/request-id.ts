import { randomFillSync } from 'node:crypto'

const bytesEach = 16
const pool = Buffer.alloc(bytesEach * 256)
let used = pool.length

/**
 * A new id for one answer: 128 random bits, so that nobody can name, and label, an answer that was
 * given to somebody else. Always the router's own; what a client sends as an id is not looked at.
 */
export function newRequestId(): string {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const id = pool.toString('base64url', used, used + bytesEach)
  used += bytesEach
  return id
}
