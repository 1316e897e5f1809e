import { once } from 'node:events'
import { isIP } from 'node:net'
import { serve } from '@hono/node-server'
import type { Hono } from 'hono'
import type { Address } from '../../../core/node-settings.ts'

/** Thrown before anything is opened that should not be. */
export class ControlApiRefused extends Error {
  override readonly name = 'ControlApiRefused'
}

export type ServedApi = { readonly url: string; readonly close: () => Promise<void> }

/** Whether only this machine can reach an address. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true
  return isIP(host) === 4 && host.startsWith('127.')
}

/** Beyond loopback only with a token, since it tells what runs here; else ControlApiRefused. */
export function checkReach({ host }: Pick<Address, 'host'>, token: string | null): void {
  if (isLoopback(host) || token !== null) return
  throw new ControlApiRefused(
    `Cannot serve the control API on ${host}: beyond loopback it needs a token ` +
      '(MIGRATOR_TOKEN or --token-file)',
  )
}

/** Listens, where it may. */
export async function serveApi(
  app: Hono,
  { host, port }: Address,
  token: string | null,
): Promise<ServedApi> {
  checkReach({ host }, token)
  const server = serve({ fetch: app.fetch, hostname: host, port })
  await Promise.race([
    once(server, 'listening'),
    once(server, 'error').then(([error]) => Promise.reject(error)),
  ])
  const address = server.address()
  const bound = typeof address === 'object' && address !== null ? address.port : port
  const close = async (): Promise<void> => {
    if ('closeAllConnections' in server) server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  return { url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`, close }
}
