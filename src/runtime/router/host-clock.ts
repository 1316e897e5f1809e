/** Monotonic seconds since the machine booted, the same in every process of the host. */
export function hostSeconds(): number {
  const [whole, nanoseconds] = process.hrtime()
  return whole + nanoseconds / 1e9
}
