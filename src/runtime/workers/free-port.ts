import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'

/** Below the kernel's range for outgoing connections, so many ports are worth a try. */
const triedMax = 8000
const portMin = 10_240

/**
 * A port of the loopback interface that nobody listens on at this moment, and none of `taken`. It
 * lies below the range that the kernel takes for outgoing connections: one from there may be taken
 * by any of them before the worker listens, or between two starts.
 */
export async function freePort(taken: ReadonlySet<number>): Promise<number> {
  const end = await outgoingFrom()
  const from = Math.max(portMin, end - triedMax)
  const count = end - from
  // Where another daemon looks at the same time it begins elsewhere.
  const first = Math.floor(Math.random() * Math.max(1, count))
  for (let i = 0; i < count; i += 1) {
    const port = from + ((first + i) % count)
    if (!taken.has(port) && (await listened(port)) !== null) return port
  }
  for (;;) {
    const port = await listened(0)
    if (port !== null && !taken.has(port)) return port
  }
}

/** The port, or null: it is in use. */
async function listened(port: number): Promise<number | null> {
  const server = createServer()
  try {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  } catch {
    return null
  }
  const found = (server.address() as AddressInfo).port
  server.close()
  await once(server, 'close')
  return found
}

async function outgoingFrom(): Promise<number> {
  const text = await readFile('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').catch(() => '')
  const from = Number.parseInt(text, 10)
  return Number.isSafeInteger(from) ? from : 32_768
}
