import { createHash, timingSafeEqual } from 'node:crypto'
import type { HttpBindings } from '@hono/node-server'
import type { MiddlewareHandler } from 'hono'
import { Hono } from 'hono'
import { streamSSE } from 'hono/streaming'
import type { Site } from '../../../core/site.ts'
import type { Daemon } from '../daemon.ts'
import type { TrafficLog } from '../traffic-log.ts'
import { planView, stateView } from './state-view.ts'
import { tellEvents } from './tell-events.ts'

export type ControlApiOptions = {
  readonly site: Site
  readonly daemon: Daemon
  readonly traffic: TrafficLog
  /** Null: nothing may be changed through the API. */
  readonly token: string | null
  /** Whether everybody who can reach it may read: true on loopback. */
  readonly readsFreely: boolean
  /** Reads the site file again; the text says what was wrong, null that it was taken. */
  readonly reload: () => Promise<string | null>
}

/**
 * What the daemon knows and may be told, over HTTP. Reading needs no token on loopback; whatever
 * changes anything needs it everywhere.
 */
export function controlApi(options: ControlApiOptions): Hono {
  const { site, daemon, traffic, readsFreely } = options
  const app = new Hono()
  const guarded = needsToken(options.token)
  const reading: MiddlewareHandler = readsFreely ? (_, next) => next() : guarded
  app.get('/healthz', (context) => context.json({ status: 'ok', nowSeconds: daemon.nowSeconds }))
  app.get('/v1/state', reading, (context) => context.json(stateView(site, { daemon, traffic })))
  app.get('/v1/plans', reading, (context) => context.json(daemon.desk.records.map(planView)))
  app.get('/v1/plan', reading, (context) => {
    const found = [...daemon.desk.records].reverse().find(({ plan }) => plan !== null)
    if (found === undefined) return context.json({ error: 'There is no plan yet' }, 404)
    const { plan, problem } = found
    return context.json({ ...planView(found), plan, problem })
  })
  app.get('/v1/events', reading, (context) =>
    streamSSE(context, (stream) => {
      const { outgoing } = context.env as HttpBindings
      return tellEvents(stream, {
        listen: (listener) => daemon.listen(listener),
        cutOff: () => outgoing.destroy(),
      })
    }),
  )
  app.post('/v1/replan', guarded, (context) => {
    daemon.askForPlan()
    return context.json({ status: 'asked' }, 202)
  })
  app.post('/v1/reload', guarded, async (context) => {
    const refused = await options.reload()
    return refused === null
      ? context.json({ status: 'reloaded' })
      : context.json({ error: refused }, 422)
  })
  app.notFound((context) => context.json({ error: `There is no ${context.req.path}` }, 404))
  app.onError((_, context) => context.json({ error: 'This is a fault of ours' }, 500))
  return app
}

/** `Authorization: Bearer <token>`, compared in constant time. */
function needsToken(token: string | null): MiddlewareHandler {
  const expected = token === null ? null : digest(token)
  return async (context, next) => {
    if (expected === null) {
      return context.json({ error: 'This daemon was started without a token for changes' }, 403)
    }
    const [, given] = /^Bearer (.+)$/.exec(context.req.header('authorization') ?? '') ?? []
    if (given === undefined || !timingSafeEqual(digest(given), expected)) {
      return context.json({ error: 'A bearer token is needed' }, 401)
    }
    return next()
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
