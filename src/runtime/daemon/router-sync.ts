import { hash64 } from '../../base/hash.ts'
import type { SiteTenant } from '../../core/site.ts'
import type { RouterRequest } from '../router/client.ts'
import type { RouterState, ServerSettings, TenantSettingsInput } from '../router/protocol.ts'

/** Enough for seconds of any rate: what waits longer than its SLO is shed before. */
const queueRequestsMax = 10_000

/** How the router treats a tenant. */
export function tenantSettingsOf({
  id,
  sloSeconds,
  itemsPerRequest,
}: SiteTenant): TenantSettingsInput {
  return {
    tenant: id,
    sloSeconds,
    queueRequestsMax,
    itemsPerRequest: Math.max(1, Math.round(itemsPerRequest)),
  }
}

/** What to say to a router so that it has these tenants and servers, and no others. */
export function routerCorrections(
  state: RouterState,
  tenants: readonly TenantSettingsInput[],
  expected: readonly ServerSettings[],
): readonly RouterRequest[] {
  const requests: RouterRequest[] = []
  const epoch = hash64(JSON.stringify(tenants))
  if (state.epoch !== epoch) {
    requests.push({
      kind: 'configure',
      epoch,
      tenants: tenants as Extract<RouterRequest, { kind: 'configure' }>['tenants'],
    })
  }
  for (const { settings } of state.servers) {
    if (expected.some(({ serverId }) => serverId === settings.serverId)) continue
    requests.push({ kind: 'remove-server', serverId: settings.serverId })
  }
  for (const server of expected) {
    const there = state.servers.find(({ settings }) => settings.serverId === server.serverId)
    if (there === undefined) {
      requests.push({ kind: 'add-server', server })
      continue
    }
    const { serverId, version } = server
    if (there.settings.version !== version) {
      requests.push({ kind: 'set-version', serverId, version })
    }
    if (there.mode === 'paused') requests.push({ kind: 'resume-server', serverId })
  }
  return requests
}
