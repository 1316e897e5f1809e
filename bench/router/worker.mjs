// A worker that answers at once, so that what is measured is what lies in front of it.
//   node worker.mjs PORT
import { createServer } from 'node:http'

const body = Buffer.from(
  JSON.stringify({
    model_name: 'a',
    model_version: '1',
    outputs: [{ name: 'y', datatype: 'INT64', shape: [1], data: [3] }],
  }),
)
const headers = ['content-type', 'application/json', 'content-length', String(body.length)]

const server = createServer((request, response) => {
  request.resume()
  request.on('end', () => {
    response.writeHead(200, headers)
    response.end(body)
  })
})
server.keepAliveTimeout = 60_000
server.listen(Number(process.argv[2]), '127.0.0.1', () => console.log('ready'))
