/** What a path of the public side names. */
export type Route =
  | {
      readonly kind: 'node'
      readonly what: 'metadata' | 'live' | 'ready'
      readonly path: string
      readonly methods: readonly string[]
    }
  | {
      readonly kind: 'model'
      readonly model: string
      /** `version`: a path that names one, which is the router's to choose. */
      readonly what: 'infer' | 'feedback' | 'metadata' | 'ready' | 'version'
      readonly path: string
      readonly methods: readonly string[]
    }
  | { readonly kind: 'unknown'; readonly path: string }

const asked: readonly string[] = ['GET', 'HEAD']
const told: readonly string[] = ['POST']
const models = '/v2/models/'
const pathShown = 200

/** Paths are compared as they come: names are plain, so nothing in them is ever encoded. */
export function routeOf(url: string): Route {
  const end = url.indexOf('?')
  const path = end < 0 ? url : url.slice(0, end)
  if (path.startsWith(models)) return modelRoute(path)
  switch (path) {
    case '/v2':
    case '/v2/':
      return { kind: 'node', what: 'metadata', path, methods: asked }
    case '/v2/health/live':
      return { kind: 'node', what: 'live', path, methods: asked }
    case '/v2/health/ready':
      return { kind: 'node', what: 'ready', path, methods: asked }
    default:
      return unknown(path)
  }
}

function modelRoute(path: string): Route {
  const slash = path.indexOf('/', models.length)
  const model = path.slice(models.length, slash < 0 ? undefined : slash)
  const rest = slash < 0 ? '' : path.slice(slash)
  if (model === '') return unknown(path)
  if (rest === '/infer') return { kind: 'model', model, what: 'infer', path, methods: told }
  if (rest === '/feedback') return { kind: 'model', model, what: 'feedback', path, methods: told }
  if (rest === '') return { kind: 'model', model, what: 'metadata', path, methods: asked }
  if (rest === '/ready') return { kind: 'model', model, what: 'ready', path, methods: asked }
  if (/^\/versions\/[^/]+(\/infer|\/ready)?$/.test(rest)) {
    return { kind: 'model', model, what: 'version', path, methods: [...asked, ...told] }
  }
  return unknown(path)
}

function unknown(path: string): Route {
  return { kind: 'unknown', path: path.slice(0, pathShown) }
}
