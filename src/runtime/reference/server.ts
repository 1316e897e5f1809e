import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { ownPace, variable } from './environment.ts'
import { httpService } from './http-service.ts'
import { inferenceService } from './inference-service.ts'

/**
 * The reference inference worker: `node server.js`, by the workers' contract. It answers with a
 * model that was really trained, at the pace of the figures in MIGRATOR_PACE_FILE.
 */
const closeMs = 20
const tenant = variable('MIGRATOR_TENANT')
const { serving } = await ownPace()
if (serving === null) throw new Error(`${tenant} cannot serve on ${variable('MIGRATOR_PROFILE')}`)
const service = await inferenceService(variable('MIGRATOR_MODEL_DIR'), {
  tenant,
  pace: serving,
  wait: async (seconds) => {
    await wait(1000 * seconds)
  },
})
const server = httpService(service, tenant).listen(Number(variable('MIGRATOR_PORT')), '127.0.0.1')
await once(server, 'listening')
console.log(`${tenant} at port ${variable('MIGRATOR_PORT')}`)
process.once('SIGTERM', () => {
  // What was asked is answered; connections that ask nothing are closed.
  server.close(() => process.exit(0))
  setInterval(() => server.closeIdleConnections(), closeMs)
})
