// The clients of a soak, in a process of their own: an open loop of Poisson arrivals for each
// tenant over kept-alive connections. Every answer is checked: its status, its request's id, and
// that its content is what the version that it names answers. Talks to its parent over IPC: `go`,
// then `stop`, which is answered by `report`.
import { Agent } from 'undici'
import { Rng } from '../../dist/base/rng.js'
import { answerOf, factorOf } from './answer.mjs'

const answerSecondsMax = 60
const payloads = 32
const valuesInPayload = 700
/** One answer in so many gets its feedback. */
const feedbackEvery = 20
const connections = 128

const counts = {
  requests: 0,
  answered: 0,
  shed: 0,
  failed: 0,
  feedback: 0,
  feedbackFailed: 0,
}
const failures = {}
const latencies = new Float64Array(200_000)
let open = 0
let isOver = false

const agent = new Agent({ connections, pipelining: 1, keepAliveTimeout: 30_000 })

process.on('message', (message) => {
  if (message.kind === 'go') for (const own of message.tenants) void pump(own, message)
  if (message.kind === 'counts') process.send({ kind: 'counts', counts, failures })
  if (message.kind === 'stop') void finish()
})

process.on('disconnect', () => process.exit())

async function finish() {
  isOver = true
  const patience = performance.now() + 1000 * answerSecondsMax
  while (open > 0 && performance.now() < patience) {
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  if (open > 0) fail('no answer at all', open)
  const kept = latencies.subarray(0, Math.min(counts.answered, latencies.length)).slice().sort()
  const at = (share) => kept[Math.min(kept.length - 1, Math.floor(share * kept.length))] ?? null
  process.send({ kind: 'report', counts, failures, latencyMs: { p50: at(0.5), p99: at(0.99) } })
  await agent.close()
  process.disconnect()
}

/** Requests of one tenant at the moments that they are due, whatever became of those before. */
async function pump(tenant, { url, rps, seed }) {
  const rng = new Rng(seed, `soak/${tenant}`)
  const bodies = Array.from({ length: payloads }, () => payload(rng))
  let due = performance.now()
  for (let n = 0; !isOver; ) {
    const now = performance.now()
    while (due <= now) {
      n += 1
      void send({ tenant, url, id: `${tenant}-${n}`, body: bodies[n % payloads] })
      due += (1000 * rng.exponential()) / rps
    }
    await new Promise((resolve) => setTimeout(resolve, Math.max(1, due - performance.now())))
  }
}

function payload(rng) {
  const data = Array.from({ length: valuesInPayload }, () => Math.floor(1000 * rng.uniform()))
  const inputs = [{ name: 'x', datatype: 'INT64', shape: [1, data.length], data }]
  return { data, rest: `,${JSON.stringify({ inputs }).slice(1)}` }
}

async function send({ tenant, url, id, body }) {
  counts.requests += 1
  open += 1
  const from = performance.now()
  try {
    const text = `{"id":"${id}"${body.rest}`
    const answer = await post(url, `/v2/models/${tenant}/infer`, text)
    const wrong = judge(answer, { tenant, id, data: body.data })
    if (wrong !== null) fail(wrong)
    else if (answer.status === 503) counts.shed += 1
    else {
      latencies[counts.answered % latencies.length] = performance.now() - from
      counts.answered += 1
      if (counts.answered % feedbackEvery === 0) await label(tenant, url, answer)
    }
  } catch (error) {
    fail(`${error.code ?? error.name}: ${error.message}`)
  } finally {
    open -= 1
  }
}

/** What is wrong with an answer, or null. Being shed is right if it says when to come again. */
function judge({ status, headers, text }, { tenant, id, data }) {
  if (status === 503 && headers['retry-after'] !== undefined) return null
  if (status !== 200) return `status ${status}: ${text.slice(0, 120)}`
  const told = JSON.parse(text)
  if (told.id !== id) return 'the answer to another request'
  if (told.model_name !== tenant) return 'the answer of another tenant'
  if (told.model_version !== headers['migrator-model-version']) return 'counted for another version'
  const right = answerOf(data, factorOf(told.model_version))
  return told.outputs[0].data[0] === right ? null : 'a wrong answer'
}

async function label(tenant, url, { headers }) {
  const text = JSON.stringify({ id: headers['migrator-request-id'], correct: true })
  const { status } = await post(url, `/v2/models/${tenant}/feedback`, text)
  if (status >= 200 && status < 300) counts.feedback += 1
  else counts.feedbackFailed += 1
}

async function post(origin, path, body) {
  const answer = await agent.request({
    origin,
    path,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
    headersTimeout: 1000 * answerSecondsMax,
    bodyTimeout: 1000 * answerSecondsMax,
  })
  return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() }
}

function fail(why, count = 1) {
  counts.failed += count
  const words = String(why).slice(0, 160)
  failures[words] = (failures[words] ?? 0) + count
}
