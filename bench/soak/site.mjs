import { loadSite } from '../../dist/cli/load-site.js'

export const tenants = ['one', 'two', 'three']

/**
 * A simulated A100 for each pair of places that a tenant moves between, so many pairs a tenant. The
 * SLO is patient: on a machine with other work, too, every request is to be answered.
 */
export function soakSite(pairsOfTenant, command) {
  const text = `version: 1
name: soak
gpus: [{ model: a100-80gb, count: ${tenants.length * pairsOfTenant} }]
costs: { create: 0s, destroy: 0s, cutOver: 0s }
tenants:
${tenants
  .map(
    (name) => `  - name: ${name}
    model: resnet50
    slo: 30s
    accuracy: easy
    workers: { inference: ${JSON.stringify(command)}, model: ./first, ready: 60s }
`,
  )
  .join('')}
node: { router: { port: 0 } }
`
  return loadSite({ text, sourceName: 'stdin' })
}

/**
 * The places on a GPU that its tenant serves from, one after the other. Each begins where what lies
 * idle is in its way and must be destroyed first, while the place before it serves.
 */
const places = [
  { profileId: 14, start: 0 }, // 2g.20gb
  { profileId: 14, start: 2 },
  { profileId: 19, start: 0 }, // 1g.10gb
  { profileId: 19, start: 2 },
]

export function placeOf(number) {
  return places[number % places.length]
}

/** The places that the pairs serve from, and are on the way to, as a plan. */
export function planOf(pairs, { nowSeconds, instances: present }) {
  const endSeconds = nowSeconds + 3600
  const instances = pairs.flatMap(({ tenant, gpu, number, since, leaves }) => {
    const held = (at, { fromSeconds, serveFromSeconds, untilSeconds }) => ({
      id: `${gpu}-${at}`,
      gpu,
      share: { kind: 'mig', ...placeOf(at) },
      existing: instanceAt(present, gpu, placeOf(at)),
      tenures: [
        {
          tenant,
          role: { kind: 'inference' },
          initialiseFromSeconds: fromSeconds,
          serveFromSeconds,
          until: { kind: 'time', atSeconds: untilSeconds },
        },
      ],
    })
    const own = { fromSeconds: since, serveFromSeconds: leaves ?? since, untilSeconds: endSeconds }
    if (leaves === null) return [held(number, own)]
    const before = { fromSeconds: 0, serveFromSeconds: 0, untilSeconds: leaves }
    return [held(number - 1, before), held(number, own)]
  })
  const stateHash = ''
  return {
    ...{ policy: 'soak', mechanism: 'mig', overhead: 'aware', stateHash, instances },
    ...{ startSeconds: nowSeconds, endSeconds },
  }
}

function instanceAt(present, gpu, { profileId, start }) {
  const found = present.find(
    (own) => own.gpu === gpu && own.profileId === profileId && own.start === start,
  )
  return found === undefined || found.phase === 'destroying' ? null : found.id
}
