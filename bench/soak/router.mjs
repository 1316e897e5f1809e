// The router's process as it is, and one thing more: on SIGUSR2 it collects its garbage and writes
// what is left (bytes of heap and beside it) to heap.json in its state directory.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import '../../dist/runtime/router/main.js'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc')
const folder = process.argv[process.argv.indexOf('--state-dir') + 1]
process.on('SIGUSR2', () => {
  collectGarbage()
  const { heapUsed, external, arrayBuffers } = process.memoryUsage()
  writeFileSync(join(folder, 'heap.json'), JSON.stringify({ heapUsed, external, arrayBuffers }))
})
