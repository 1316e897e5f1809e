import type { AddressInfo } from 'node:net'
import { BufferBudget } from './buffer-budget.ts'
import { FrontDoor } from './front-door.ts'
import type {
  RefusalCode,
  RouterCommand,
  RouterEvent,
  RouterState,
  TenantSettings,
} from './protocol.ts'
import { newRequestId } from './request-id.ts'
import type { RoutedServer } from './routed-server.ts'
import { TenantRouter } from './tenant-router.ts'

export type RequestRouterOptions = {
  /** Monotonic seconds of the host. */
  readonly now: () => number
  readonly onEvent: (event: RouterEvent) => void
  /** What the program calls itself. */
  readonly version: string
  /** Memory for bodies on their way, all tenants together. */
  readonly bufferMiBMax?: number
  readonly connectionsMax?: number
  readonly requestSecondsMax?: number
}

export type CommandReply =
  | { readonly kind: 'done'; readonly state?: RouterState }
  | { readonly kind: 'refused'; readonly code: RefusalCode; readonly message: string }

type Answered = Exclude<RouterCommand, { kind: 'ack' } | { kind: 'shutdown' }>

const bufferMiBDefault = 256
const connectionsDefault = 8192
const requestSecondsDefault = 60
const sweepMs = 250
const sweepsPerSecond = 4
const drainPollMs = 20

const done: CommandReply = { kind: 'done' }

/** All tenants of a node behind one public port, told what to do by commands. */
export class RequestRouter {
  readonly instance = newRequestId()
  readonly #options: RequestRouterOptions
  readonly #tenants = new Map<string, TenantRouter>()
  readonly #budget: BufferBudget
  readonly #door: FrontDoor
  readonly #startedAtSeconds: number
  #epoch: string | null = null
  #secondFrom: number
  #sweeps = 0
  #timer: NodeJS.Timeout | null = null

  constructor(options: RequestRouterOptions) {
    this.#options = options
    this.#startedAtSeconds = options.now()
    this.#secondFrom = this.#startedAtSeconds
    this.#budget = new BufferBudget((options.bufferMiBMax ?? bufferMiBDefault) * 2 ** 20)
    this.#door = new FrontDoor({
      tenants: this.#tenants,
      budget: this.#budget,
      now: options.now,
      emit: options.onEvent,
      version: options.version,
      connectionsMax: options.connectionsMax ?? connectionsDefault,
      requestSecondsMax: options.requestSecondsMax ?? requestSecondsDefault,
    })
  }

  /** Rejects as `net.Server` does when the port cannot be had. Port 0: any. */
  listen(host: string, port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#door.server.once('error', reject)
      this.#door.server.listen({ host, port, backlog: 1024 }, () => {
        this.#door.server.off('error', reject)
        // Out of file descriptors, say: the connection is lost, the router goes on.
        this.#door.server.on('error', () => {})
        this.#timer = setInterval(() => this.#sweep(), sweepMs)
        resolve()
      })
    })
  }

  get port(): number {
    return (this.#door.server.address() as AddressInfo | null)?.port ?? 0
  }

  perform(command: Answered): CommandReply {
    switch (command.kind) {
      case 'state':
        return { kind: 'done', state: this.state() }
      case 'configure':
        return this.#configure(command.epoch, command.tenants)
      case 'add-server':
        return this.#addServer(command)
      default:
        return this.#onServer(command)
    }
  }

  state(): RouterState {
    const { now } = this.#options
    const { user, system } = process.cpuUsage()
    const address = this.#door.server.address() as AddressInfo | null
    const tenants = [...this.#tenants.values()]
    return {
      instance: this.instance,
      epoch: this.#epoch,
      startedAtSeconds: this.#startedAtSeconds,
      atSeconds: now(),
      listen: { host: address?.address ?? '', port: address?.port ?? 0 },
      isShuttingDown: this.#door.isShuttingDown,
      tenants: tenants.map((tenant) => tenant.state()),
      servers: tenants.flatMap((tenant) => tenant.serverStates()),
      strays: { ...this.#door.strays },
      memory: {
        rssMiB: process.memoryUsage.rss() / 2 ** 20,
        bufferedMiB: this.#budget.usedBytes / 2 ** 20,
      },
      cpuSeconds: (user + system) / 1e6,
    }
  }

  /** Takes no new request, answers what it has, and closes; what is left then is refused. */
  async shutDown(drainSecondsMax: number): Promise<void> {
    const { now } = this.#options
    this.#door.isShuttingDown = true
    for (const tenant of this.#tenants.values()) tenant.close('The router is shutting down')
    const closed = new Promise((resolve) => this.#door.server.close(resolve))
    this.#door.closeIdle()
    const until = now() + drainSecondsMax
    while (now() < until && [...this.#tenants.values()].some(({ accounts }) => accounts.held > 0)) {
      await new Promise((resolve) => setTimeout(resolve, drainPollMs))
    }
    for (const tenant of this.#tenants.values()) tenant.destroy('The router was shut down')
    this.#report()
    if (this.#timer !== null) clearInterval(this.#timer)
    // What was answered is flushed; who holds a connection open without reason is cut off.
    const cutOff = setTimeout(() => this.#door.closeAll(), 1000)
    this.#door.closeIdle()
    await closed
    clearTimeout(cutOff)
  }

  #configure(epoch: string, wanted: readonly TenantSettings[]): CommandReply {
    if (this.#door.isShuttingDown) return refused('SHUTTING_DOWN', 'The router is shutting down')
    const names = new Set(wanted.map(({ tenant }) => tenant))
    if (names.size < wanted.length) return refused('MALFORMED', 'Two tenants have the same name')
    for (const [name, tenant] of this.#tenants) {
      if (names.has(name)) continue
      this.#tenants.delete(name)
      tenant.close('The model was taken away')
      tenant.destroy('The model was taken away')
    }
    for (const settings of wanted) {
      const known = this.#tenants.get(settings.tenant)
      if (known !== undefined) known.reconfigure(settings)
      else {
        const { now, onEvent } = this.#options
        this.#tenants.set(settings.tenant, new TenantRouter(settings, { now, emit: onEvent }))
      }
    }
    this.#epoch = epoch
    return done
  }

  #addServer({ server }: Extract<RouterCommand, { kind: 'add-server' }>): CommandReply {
    if (this.#door.isShuttingDown) return refused('SHUTTING_DOWN', 'The router is shutting down')
    const tenant = this.#tenants.get(server.tenant)
    if (tenant === undefined) {
      return refused('UNKNOWN_TENANT', `There is no tenant ${server.tenant}`)
    }
    const known = this.#find(server.serverId)
    if (known === null) {
      tenant.addServer(server)
      return done
    }
    const there = { ...known.server.settings, version: known.server.version }
    if (JSON.stringify(there) === JSON.stringify({ ...server })) return done
    return refused('SERVER_EXISTS', `There is another server ${server.serverId} already`)
  }

  #onServer(
    command: Exclude<Answered, { kind: 'state' | 'configure' | 'add-server' }>,
  ): CommandReply {
    const found = this.#find(command.serverId)
    if (found === null) return refused('UNKNOWN_SERVER', `There is no server ${command.serverId}`)
    const { tenant, server } = found
    if (command.kind === 'remove-server') tenant.removeServer(server)
    else if (command.kind === 'set-version') server.version = command.version
    else if (command.kind === 'drain-server') tenant.setWanted(server, 'draining')
    else if (server.wanted === 'draining') {
      return refused('WRONG_MODE', `The server ${command.serverId} drains, and does so for good`)
    } else tenant.setWanted(server, command.kind === 'pause-server' ? 'paused' : 'open')
    return done
  }

  #find(serverId: string): { readonly tenant: TenantRouter; readonly server: RoutedServer } | null {
    for (const tenant of this.#tenants.values()) {
      const server = tenant.servers.find(serverId)
      if (server !== null) return { tenant, server }
    }
    return null
  }

  #sweep(): void {
    for (const tenant of this.#tenants.values()) tenant.sweep()
    this.#sweeps += 1
    if (this.#sweeps % sweepsPerSecond !== 0) return
    this.#door.sweep()
    this.#report()
  }

  #report(): void {
    const to = this.#options.now()
    for (const tenant of this.#tenants.values()) tenant.report(this.#secondFrom, to)
    this.#secondFrom = to
  }
}

function refused(code: RefusalCode, message: string): CommandReply {
  return { kind: 'refused', code, message }
}
