/**
 * 64-bit FNV-1a of the text's UTF-8 bytes, as 16 hexadecimal digits (Fowler, Noll, Vo; IETF
 * draft-eastlake-fnv). Tells states apart that differ by accident; no defence against an adversary.
 */
export function hash64(text: string): string {
  let high = 0xcbf29ce4
  let low = 0x84222325
  for (const byte of new TextEncoder().encode(text)) {
    low = (low ^ byte) >>> 0
    // Times the prime 2^40 + 0x1b3, in two halves that doubles hold exactly.
    const product = low * 0x1b3
    const carry = Math.floor(product / 0x1_0000_0000)
    high = (Math.imul(high, 0x1b3) + carry + (low << 8)) >>> 0
    low = product >>> 0
  }
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0')
}
