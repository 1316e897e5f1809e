import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The Kubernetes node that this process runs on, as far as its own service account may read it. */
export type KubernetesNode =
  /** No pod, or nobody said which node it is on. */
  | { readonly kind: 'none' }
  | { readonly kind: 'unreadable'; readonly why: string }
  | {
      readonly kind: 'read'
      readonly name: string
      readonly labels: Readonly<Record<string, string>>
      readonly annotations: Readonly<Record<string, string>>
    }

/** Where to ask, and as whom. */
export type KubernetesAccess = {
  readonly url: string
  readonly token: string
  readonly certificate: string | null
  readonly node: string
}

const account = '/var/run/secrets/kubernetes.io/serviceaccount'
const secondsMax = 2
const bytesMax = 4_000_000

/**
 * What a pod is given: its service account, and the name of its node if the pod's spec puts it into
 * NODE_NAME. No other credentials are looked for; null: there is none.
 */
export function podAccess(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  folder = account,
): KubernetesAccess | null {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = environment
  const { NODE_NAME: node } = environment
  if (host === undefined || node === undefined || !existsSync(join(folder, 'token'))) return null
  const name = host.includes(':') ? `[${host}]` : host
  return {
    url: `https://${name}:${port ?? '443'}`,
    token: readFileSync(join(folder, 'token'), 'utf8').trim(),
    certificate: readFileSync(join(folder, 'ca.crt'), 'utf8'),
    node,
  }
}

/** Never throws: a cluster that does not answer is a fact to tell, and no reason to stop. */
export async function readKubernetesNode(
  access: KubernetesAccess | null = podAccess(),
): Promise<KubernetesNode> {
  if (access === null) return { kind: 'none' }
  try {
    const text = await get(access)
    const { metadata } = JSON.parse(text) as {
      readonly metadata?: {
        readonly labels?: Readonly<Record<string, string>>
        readonly annotations?: Readonly<Record<string, string>>
      }
    }
    const { labels = {}, annotations = {} } = metadata ?? {}
    return { kind: 'read', name: access.node, labels, annotations }
  } catch (error) {
    return { kind: 'unreadable', why: error instanceof Error ? error.message : String(error) }
  }
}

async function get({ url, token, certificate, node }: KubernetesAccess): Promise<string> {
  const target = new URL(`/api/v1/nodes/${encodeURIComponent(node)}`, url)
  const options = {
    headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
    signal: AbortSignal.timeout(secondsMax * 1000),
    ...(certificate === null ? {} : { ca: certificate }),
  }
  // Loaded where there is a cluster to ask.
  const isPlain = target.protocol === 'http:'
  const { request: send } = await (isPlain ? import('node:http') : import('node:https'))
  return new Promise((resolve, reject) => {
    const request = send(target, options, (response) => {
      const parts: Buffer[] = []
      let bytes = 0
      response.on('data', (part: Buffer) => {
        bytes += part.length
        if (bytes > bytesMax) request.destroy(new Error('the answer is too long'))
        parts.push(part)
      })
      response.on('error', reject)
      response.on('end', () => {
        if (response.statusCode === 200) resolve(Buffer.concat(parts).toString('utf8'))
        else reject(new Error(`the API server answers ${response.statusCode}`))
      })
    })
    request.on('error', reject)
    request.end()
  })
}
