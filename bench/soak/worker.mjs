// An inference worker by the workers' contract, as light as a process of Node can be: it answers
// every request `MIGRATOR_SOAK_MS` after it came, so that at every cut-over something is in flight,
// with what only the version that it has loaded answers (answer.mjs).
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { basename, join } from 'node:path'
import { answerOf } from './answer.mjs'

const { env } = process
const tenant = env.MIGRATOR_TENANT
const serviceMs = Number(env.MIGRATOR_SOAK_MS)
const closeMs = 5
let loaded = loadFrom(env.MIGRATOR_MODEL_DIR)

function loadFrom(dir) {
  return { version: basename(dir), factor: Number(readFileSync(join(dir, 'factor'), 'utf8')) }
}

function send(response, status, value) {
  const body = Buffer.from(JSON.stringify(value))
  response.writeHead(status, [
    'content-type',
    'application/json',
    'content-length',
    String(body.length),
  ])
  response.end(body)
}

function load({ parameters }, response) {
  loaded = loadFrom(parameters.model_dir)
  send(response, 200, {})
}

function infer({ id, inputs }, response) {
  // Of the version that it has when it is asked, as a batch would.
  const { version, factor } = loaded
  const data = [answerOf(inputs[0].data, factor)]
  const outputs = [{ name: 'y', datatype: 'INT64', shape: [1], data }]
  const answer = { model_name: tenant, model_version: version, id, outputs }
  setTimeout(() => send(response, 200, answer), serviceMs)
}

const posts = {
  [`/v2/models/${tenant}/infer`]: infer,
  [`/v2/repository/models/${tenant}/load`]: load,
}

const server = createServer((request, response) => {
  const parts = []
  request.on('data', (part) => parts.push(part))
  request.on('end', () => {
    const post = posts[request.url]
    if (request.method === 'GET') send(response, 200, {})
    else if (post === undefined) send(response, 404, { error: `There is no ${request.url}` })
    else post(JSON.parse(Buffer.concat(parts)), response)
  })
})
server.keepAliveTimeout = 0
server.listen(Number(env.MIGRATOR_PORT), '127.0.0.1')
process.once('SIGTERM', () => {
  // What was asked is answered; connections that ask nothing are closed.
  server.close(() => process.exit(0))
  server.closeIdleConnections()
  setInterval(() => server.closeIdleConnections(), closeMs)
})
