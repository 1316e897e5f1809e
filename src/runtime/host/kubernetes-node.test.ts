import { mkdtempSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { ownersByNode } from './foreign-owners.ts'
import { podAccess, readKubernetesNode } from './kubernetes-node.ts'

const ends: (() => void)[] = []
afterEach(() => {
  for (const end of ends.splice(0)) end()
})

/** An API server that answers as told, and how to reach it. */
async function cluster(answer: RequestListener) {
  const server = createServer(answer).listen(0, '127.0.0.1')
  ends.push(() => server.close().closeAllConnections())
  await new Promise((listening) => server.once('listening', listening))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, token: 'secret', certificate: null, node: 'gpu-node-1' }
}

const withMetadata =
  (metadata: unknown): RequestListener =>
  (request, response) => {
    const isMine =
      request.url === '/api/v1/nodes/gpu-node-1' &&
      request.headers.authorization === 'Bearer secret'
    response.writeHead(isMine ? 200 : 403).end(JSON.stringify({ kind: 'Node', metadata }))
  }

test('a label that tells the MIG manager what to cut makes it an owner', async () => {
  const labels = {
    'nvidia.com/mig.config': 'all-1g.10gb',
    'nvidia.com/mig.config.state': 'success',
  }
  const node = await readKubernetesNode(await cluster(withMetadata({ labels })))
  expect(ownersByNode(node)).toEqual([
    {
      name: "NVIDIA's MIG manager (label nvidia.com/mig.config=all-1g.10gb, success)",
      kind: 'owner',
      pids: [],
      fix: 'kubectl label node gpu-node-1 nvidia.com/mig.config-',
    },
  ])
})

test('annotations of nos make it an owner', async () => {
  const annotations = { 'nos.nebuly.com/spec-gpu-0-1g.10gb': '2' }
  const node = await readKubernetesNode(await cluster(withMetadata({ annotations })))
  expect(ownersByNode(node)).toMatchObject([
    { kind: 'owner', name: expect.stringMatching(/^nos \(annotation nos/) },
  ])
})

test('other labels are nobody', async () => {
  const labels = { 'nvidia.com/gpu.product': 'NVIDIA-A100-SXM4-80GB' }
  const node = await readKubernetesNode(await cluster(withMetadata({ labels })))
  expect(ownersByNode(node)).toEqual([])
})

test.each<[string, RequestListener, RegExp]>([
  ['that refuses', (_, response) => void response.writeHead(403).end(), /answers 403/],
  ['that answers no JSON', (_, response) => void response.end('<html>'), /JSON/],
  ['that hangs up', (request) => void request.socket.destroy(), /hang up|ECONNRESET/],
  ['that never answers', () => {}, /aborted|timeout/i],
])('a cluster %s is told, and stops nobody', async (_, answer, why) => {
  const node = await readKubernetesNode(await cluster(answer))
  expect(node).toMatchObject({ kind: 'unreadable', why: expect.stringMatching(why) })
  expect(ownersByNode(node)).toMatchObject([{ kind: 'unknown' }])
})

test('outside a pod nobody is asked, and no credentials but its own are looked for', async () => {
  expect(podAccess({}, '/nowhere')).toBeNull()
  expect(await readKubernetesNode(podAccess({ KUBERNETES_SERVICE_HOST: 'x' }))).toEqual({
    kind: 'none',
  })
})

test('in a pod its own service account is used', () => {
  const folder = mkdtempSync(join(tmpdir(), 'migrator-account-'))
  writeFileSync(join(folder, 'token'), 'abc\n')
  writeFileSync(join(folder, 'ca.crt'), 'certificate')
  const environment = {
    KUBERNETES_SERVICE_HOST: 'fd00::1',
    KUBERNETES_SERVICE_PORT: '6443',
    NODE_NAME: 'n',
  }
  expect(podAccess(environment, folder)).toEqual({
    url: 'https://[fd00::1]:6443',
    token: 'abc',
    certificate: 'certificate',
    node: 'n',
  })
})
