import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { freePort } from './free-port.ts'

test('ports are different, free, and not of the range of outgoing connections', async () => {
  const range = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8')
  const taken = new Set<number>()
  for (let i = 0; i < 30; i += 1) {
    const port = await freePort(taken)
    expect(taken.has(port)).toBe(false)
    expect(port).toBeLessThan(Number.parseInt(range, 10))
    taken.add(port)
  }
})

test('a port that somebody listens on is not given', async () => {
  const port = await freePort(new Set())
  const server = createServer().listen(port, '127.0.0.1')
  await once(server, 'listening')
  const others = new Set(
    Array.from({ length: 65_536 }, (_, other) => other).filter(
      (other) => other !== port && other !== port + 1,
    ),
  )
  expect(await freePort(others)).toBe(port + 1)
  server.close()
})
