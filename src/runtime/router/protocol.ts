import { z } from 'zod'

/**
 * What a daemon and its router say to each other over a Unix socket: JSON objects, one a line.
 * Both ends check every line. A daemon opens with `hello`; the router answers `welcome` with its
 * whole state, then the events that no daemon has acknowledged yet, then new ones as they happen.
 * Every command but `ack` is answered by `done` or `refused` with its id, in order.
 *
 * Times named `atSeconds` are of the host's monotonic clock (`hostSeconds`), one for all processes
 * between two boots.
 */
export const protocolVersion = 1

/** A longer line ends the connection. */
export const lineBytesMax = 8 << 20

const name = z.string().min(1).max(200)
const count = z.number().int().nonnegative()
const seconds = z.number().nonnegative()
const positive = z.number().positive()

/** Tenants and servers come in paths and headers, so their names are plain. */
const plainName = name.regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/)

export const tenantSettingsSchema = z
  .strictObject({
    tenant: plainName,
    sloSeconds: positive,
    /** How many requests may wait; beyond that they are refused with 503 and Retry-After. */
    queueRequestsMax: z.number().int().positive(),
    /** What one request counts in a server's batch. */
    itemsPerRequest: z.number().int().positive().default(1),
    /** A larger body is refused with 413. */
    bodyBytesMax: z
      .number()
      .int()
      .positive()
      .default(64 << 20),
    /** A larger body is streamed to the worker once, and never sent again to another. */
    bufferBytesMax: z
      .number()
      .int()
      .positive()
      .default(1 << 20),
    /** A worker that has not answered by then is given up: 504. */
    answerSecondsMax: positive.default(30),
    /** Memory for answers that wait for their feedback; the oldest go first. */
    feedbackMiBMax: positive.default(32),
    /** Whether a request's body is kept for its feedback, so that it becomes labelled data. */
    keepsInputs: z.boolean().default(true),
  })
  .readonly()

const capabilitySchema = z
  .strictObject({
    itemsMax: z.number().int().positive(),
    /** [n] = execution time of a batch of n items; index 0 is unused. */
    latencySeconds: z.array(seconds).readonly(),
    capacityItemsPerSecond: positive,
    provenance: z.enum(['measured', 'derived', 'own']),
  })
  .refine(({ itemsMax, latencySeconds }) => latencySeconds.length > itemsMax, {
    message: 'latencySeconds must reach up to itemsMax',
  })
  .refine(({ latencySeconds }) => latencySeconds.slice(1).every((value) => value > 0), {
    message: 'latencySeconds must be positive from index 1 on',
  })
  .readonly()

export const serverSettingsSchema = z
  .strictObject({
    serverId: name,
    tenant: plainName,
    /** Where its worker listens: `http://127.0.0.1:9001`, without a path. */
    url: z.url({ protocol: /^http$/ }).refine((url) => new URL(url).pathname === '/', {
      message: 'A worker is named by protocol, host and port alone',
    }),
    /** The model's name at the worker; absent: the tenant's. */
    model: plainName.optional(),
    version: name,
    capability: capabilitySchema,
  })
  .readonly()

const id = z.number().int().positive()

export const commandSchema = z.discriminatedUnion('kind', [
  /**
   * The tenants from now on, and a mark of the daemon's own that comes back in every state. What
   * waits of a tenant that is left out is refused, and its servers are removed.
   */
  z.strictObject({
    kind: z.literal('configure'),
    id,
    epoch: z.string().max(200),
    tenants: z.array(tenantSettingsSchema).readonly(),
  }),
  /** Takes work from now on; event `serving`. Repeating it for the same server changes nothing. */
  z.strictObject({ kind: z.literal('add-server'), id, server: serverSettingsSchema }),
  /** No new work; event `drained` once what is in flight is answered. The server stays known. */
  z.strictObject({ kind: z.literal('drain-server'), id, serverId: name }),
  /** Forgets the server. What it executes goes to another where it may, else it failed. */
  z.strictObject({ kind: z.literal('remove-server'), id, serverId: name }),
  /** No new work until `resume-server`; event `paused` once nothing is in flight. */
  z.strictObject({ kind: z.literal('pause-server'), id, serverId: name }),
  z.strictObject({ kind: z.literal('resume-server'), id, serverId: name }),
  /** The version that the server's answers count for from now on. */
  z.strictObject({ kind: z.literal('set-version'), id, serverId: name, version: name }),
  z.strictObject({ kind: z.literal('state'), id }),
  /** Takes no new request, answers what it has, and ends; at the latest after so many seconds. */
  z.strictObject({ kind: z.literal('shutdown'), id, drainSecondsMax: seconds.max(3600) }),
  /** Events up to this number need not be told again. Not answered. */
  z.strictObject({ kind: z.literal('ack'), through: count }),
])

export const helloSchema = z.object({
  kind: z.literal('hello'),
  protocol: z.number().int(),
  pid: z.number().int().positive(),
  /** Replace a daemon that is still connected (one that hangs) instead of being refused. */
  takesOver: z.boolean().default(false),
})

/** Each request that arrived is in exactly one of the others, or `held` (see the state). */
export const outcomeCountsSchema = z
  .object({
    arrived: count,
    inTime: count,
    late: count,
    /** No usable answer: the worker died, hung, or answered garbage or a server error. */
    failed: count,
    /** Given up because no server could make the SLO any more, or refused (of these: `refused`). */
    shed: count,
    refused: count,
    /** The worker found the request itself wrong (4xx). */
    invalid: count,
    /** The client left before its answer. */
    abandoned: count,
    /** Sent a second time, to another server; not an outcome. */
    retried: count,
  })
  .readonly()

const versionCountsSchema = z.object({ inTime: count, late: count, failed: count }).readonly()

const latencySchema = z
  .object({ count, meanSeconds: seconds, p50Seconds: seconds, p99Seconds: seconds })
  .readonly()

export const serverStateSchema = z
  .object({
    settings: serverSettingsSchema,
    /** `failed`: paused by the router itself, which looks after it until it answers again. */
    mode: z.enum(['open', 'paused', 'draining', 'drained', 'failed']),
    /** Requests it executes. */
    inFlight: count,
  })
  .readonly()

export const tenantStateSchema = z
  .object({
    settings: tenantSettingsSchema,
    /** Since the router started. */
    counts: outcomeCountsSchema,
    byVersion: z.record(z.string(), versionCountsSchema).readonly(),
    latency: latencySchema,
    /** Requests waiting or executing. */
    held: count,
    queued: count,
    /** Answers whose feedback would still be matched. */
    awaitingFeedback: count,
  })
  .readonly()

export const routerStateSchema = z
  .object({
    /** A new one for every router process: counters of another instance start at 0 again. */
    instance: z.string(),
    /** What the last `configure` said; null before it. */
    epoch: z.string().nullable(),
    startedAtSeconds: seconds,
    atSeconds: seconds,
    listen: z.object({ host: z.string(), port: count }).readonly(),
    isShuttingDown: z.boolean(),
    tenants: z.array(tenantStateSchema).readonly(),
    servers: z.array(serverStateSchema).readonly(),
    /** Requests for tenants there are none of, and what could not be read as a request at all. */
    strays: z.object({ unknownTenant: count, unreadable: count }).readonly(),
    memory: z.object({ rssMiB: seconds, bufferedMiB: seconds }).readonly(),
    cpuSeconds: seconds,
  })
  .readonly()

const tenantAndServer = { tenant: plainName, serverId: name }

export const routerEventSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('serving'), ...tenantAndServer }),
  z.object({ kind: z.literal('drained'), ...tenantAndServer }),
  z.object({ kind: z.literal('paused'), ...tenantAndServer }),
  z.object({
    kind: z.literal('server-failed'),
    ...tenantAndServer,
    reason: z.enum(['unreachable', 'closed', 'timeout', 'garbage', 'error-answers']),
    message: z.string(),
    /** Whether the router keeps it from work until it answers a health check again. */
    isPaused: z.boolean(),
  }),
  z.object({ kind: z.literal('server-recovered'), ...tenantAndServer }),
  /** One second of one tenant that had requests: outcomes by when they happened. */
  z.object({
    kind: z.literal('counts'),
    tenant: plainName,
    fromSeconds: seconds,
    toSeconds: seconds,
    counts: outcomeCountsSchema,
    byVersion: z.record(z.string(), versionCountsSchema).readonly(),
    latency: latencySchema,
    queued: count,
  }),
  /** Executions of one server in one second, by batch size, against what its profile said. */
  z.object({
    kind: z.literal('batch-times'),
    ...tenantAndServer,
    version: name,
    sizes: z
      .array(
        z.object({ items: count, batches: count, seconds, estimatedSeconds: seconds }).readonly(),
      )
      .readonly(),
  }),
  /** A label, or a verdict, for one answer. */
  z.object({
    kind: z.literal('feedback'),
    ...tenantAndServer,
    requestId: z.string(),
    version: name,
    /** When the request arrived. */
    arrivedAtSeconds: seconds,
    delaySeconds: seconds,
    /** Items of the request that were labelled, and how many of them were answered correctly. */
    items: count,
    correctItems: count,
    /** The label as it came; null when only a verdict came. */
    label: z.unknown().nullable(),
    /** The request's body where it was kept and is JSON. */
    inputs: z.string().nullable(),
  }),
  /** These events went unacknowledged for too long and were dropped. */
  z.object({ kind: z.literal('events-lost'), from: count, through: count }),
])

export const refusalCodes = [
  'MALFORMED',
  'PROTOCOL_VERSION',
  'ANOTHER_DAEMON',
  'UNKNOWN_TENANT',
  'UNKNOWN_SERVER',
  'SERVER_EXISTS',
  'WRONG_MODE',
  'SHUTTING_DOWN',
] as const

export const routerMessageSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('welcome'),
    protocol: z.literal(protocolVersion),
    pid: z.number().int().positive(),
    state: routerStateSchema,
  }),
  z.object({ kind: z.literal('done'), id, state: routerStateSchema.optional() }),
  z.object({
    kind: z.literal('refused'),
    /** Of the command; null = the connection as a whole, which ends. */
    id: id.nullable(),
    code: z.enum(refusalCodes),
    message: z.string(),
  }),
  /** Numbers count up by one; after a reconnection some may come again. */
  z.object({
    kind: z.literal('event'),
    number: count,
    atSeconds: seconds,
    event: routerEventSchema,
  }),
])

export type TenantSettings = z.infer<typeof tenantSettingsSchema>
/** As a daemon writes it: what has a default may be left out. */
export type TenantSettingsInput = z.input<typeof tenantSettingsSchema>
export type ServerSettings = z.infer<typeof serverSettingsSchema>
export type ServerState = z.infer<typeof serverStateSchema>
export type OutcomeCounts = z.infer<typeof outcomeCountsSchema>
export type VersionCounts = z.infer<typeof versionCountsSchema>
export type LatencySummary = z.infer<typeof latencySchema>
export type TenantState = z.infer<typeof tenantStateSchema>
export type RouterState = z.infer<typeof routerStateSchema>
export type RouterCommand = z.infer<typeof commandSchema>
export type Hello = z.infer<typeof helloSchema>
export type RouterEvent = z.infer<typeof routerEventSchema>
export type RouterMessage = z.infer<typeof routerMessageSchema>
export type RefusalCode = (typeof refusalCodes)[number]
