import type { WorkerClient } from './worker-client.ts'

export type WorkerReply =
  | { readonly kind: 'reply'; readonly status: number; readonly body: Buffer }
  | { readonly kind: 'none'; readonly message: string }

const answerMs = 1000
const bytesMax = 256 << 10

/** A small GET at a worker, beside its requests. */
export function askWorker(
  client: WorkerClient,
  path: string,
  onReply: (reply: WorkerReply) => void,
): { readonly stop: () => void } {
  const parts: Buffer[] = []
  let bytes = 0
  let status = 0
  let isOver = false
  const connection = client.send(`${client.requestLine('GET', path)}\r\n`, Buffer.alloc(0), {
    onAnswerHead: (head) => {
      status = head.status
    },
    onAnswerBody: (part) => {
      bytes += part.length
      parts.push(Buffer.from(part))
      if (bytes > bytesMax) breakOff('answers more than a quarter of a mebibyte')
    },
    onWorkerDrain: () => {},
    onAnswerEnd: () => finish({ kind: 'reply', status, body: Buffer.concat(parts) }),
    onCallFailure: ({ message }) => finish({ kind: 'none', message }),
  })
  const timer = setTimeout(() => breakOff(`does not answer within ${answerMs} ms`), answerMs)
  return {
    stop: () => {
      isOver = true
      clearTimeout(timer)
      connection.destroy()
    },
  }

  function breakOff(words: string): void {
    connection.destroy()
    finish({ kind: 'none', message: `GET ${path} ${words}` })
  }

  function finish(reply: WorkerReply): void {
    if (isOver) return
    isOver = true
    clearTimeout(timer)
    onReply(reply)
  }
}
