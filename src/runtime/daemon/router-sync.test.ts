import { expect, test } from 'vitest'
import type { RouterState, ServerSettings } from '../router/protocol.ts'
import { routerCorrections } from './router-sync.ts'

const tenants = [{ tenant: 'vision', sloSeconds: 0.4, queueRequestsMax: 100 }]
const capability = {
  itemsMax: 1,
  latencySeconds: [0, 0.01],
  capacityItemsPerSecond: 100,
  provenance: 'own',
} as const

function server(serverId: string, version = 'v1'): ServerSettings {
  return { serverId, tenant: 'vision', url: 'http://127.0.0.1:9000', version, capability }
}

function state(own: Partial<RouterState>): RouterState {
  const listen = { host: '127.0.0.1', port: 8000 }
  const rest = { instance: 'a', startedAtSeconds: 0, atSeconds: 1, isShuttingDown: false, listen }
  const strays = { unknownTenant: 0, unreadable: 0 }
  const memory = { rssMiB: 1, bufferedMiB: 0 }
  const nothing = { epoch: null, tenants: [], servers: [], cpuSeconds: 0 }
  return { ...rest, ...nothing, strays, memory, ...own }
}

test('a new router is told of tenants and servers, and one that knows is told nothing', () => {
  const requests = routerCorrections(state({}), tenants, [server('a')])
  expect(requests.map(({ kind }) => kind)).toEqual(['configure', 'add-server'])
  const configure = requests.find(({ kind }) => kind === 'configure')
  const epoch = configure?.kind === 'configure' ? configure.epoch : ''
  const servers = [{ settings: server('a'), mode: 'open', inFlight: 0 }] as const
  expect(routerCorrections(state({ epoch, servers }), tenants, [server('a')])).toEqual([])
})

test('servers that should not be there go, and what was left half done is finished', () => {
  const servers = [
    { settings: server('old'), mode: 'open', inFlight: 3 },
    { settings: server('a', 'v1'), mode: 'paused', inFlight: 0 },
  ] as const
  const requests = routerCorrections(state({ servers }), tenants, [server('a', 'v2')])
  expect(requests.slice(1)).toEqual([
    { kind: 'remove-server', serverId: 'old' },
    { kind: 'set-version', serverId: 'a', version: 'v2' },
    { kind: 'resume-server', serverId: 'a' },
  ])
})
