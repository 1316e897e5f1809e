// An open-loop load: requests leave at Poisson instants, whether or not answers came, each on a
// kept-alive connection of its own choosing. Reads lines `{port, rps, seconds, seed, bytes}` from
// stdin and answers each with a line of latencies (ms, by the moment a request was due).

import { Agent, request } from 'node:http'
import { createInterface } from 'node:readline'
import { Rng } from '../../dist/base/rng.js'

const agents = new Map()

function agentFor(port) {
  const known = agents.get(port)
  if (known !== undefined) return known
  const agent = new Agent({ keepAlive: true, maxSockets: 512, scheduling: 'lifo' })
  agents.set(port, agent)
  return agent
}

function bodyOf(bytes) {
  const data = Array.from({ length: 16 }, (_, i) => i / 7)
  const inputs = [{ name: 'x', datatype: 'FP32', shape: [1, 16], data }]
  const parameters = { filler: '' }
  const least = JSON.stringify({ inputs, parameters }).length
  parameters.filler = 'x'.repeat(Math.max(0, bytes - least))
  return Buffer.from(JSON.stringify({ inputs, parameters }))
}

async function run({ port, rps, seconds, seed, bytes }) {
  const rng = new Rng(seed, 'load')
  const body = bodyOf(bytes)
  const agent = agentFor(port)
  const headers = { 'content-type': 'application/json', 'content-length': body.length }
  const latencies = []
  const failures = {}
  let open = 0
  let due = performance.now()
  const end = due + 1000 * seconds
  const send = (at) => {
    open += 1
    const finish = (failure) => {
      open -= 1
      if (failure === null) latencies.push(performance.now() - at)
      else failures[failure] = (failures[failure] ?? 0) + 1
    }
    const options = { host: '127.0.0.1', port, method: 'POST', path: '/v2/models/a/infer' }
    const own = request({ ...options, agent, headers }, (response) => {
      response.resume()
      response.on('end', () => finish(response.statusCode === 200 ? null : response.statusCode))
    })
    own.on('error', (error) => finish(error.code ?? error.message))
    own.end(body)
  }
  while (due < end) {
    const now = performance.now()
    while (due <= now && due < end) {
      send(due)
      due += (1000 * rng.exponential()) / rps
    }
    const wait = due - performance.now()
    if (wait > 1) await new Promise((resolve) => setTimeout(resolve, wait - 1))
    else await new Promise((resolve) => setImmediate(resolve))
  }
  const patience = performance.now() + 5000
  while (open > 0 && performance.now() < patience) {
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  if (open > 0) failures.unanswered = open
  return { latencies, failures }
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await run(JSON.parse(line))))
}
process.exit(0)
