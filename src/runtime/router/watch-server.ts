import { askWorker, type WorkerReply } from './ask-worker.ts'
import type { RoutedServer } from './routed-server.ts'

const firstMs = 20
const lastMs = 2000

export type Watch = { readonly stop: () => void }

/**
 * Asks a failed worker whether it is ready, at once and then less and less often, until it says so
 * (`onReady`) or the watch is stopped. `onUnready` hears of the first answer that is none.
 */
export function watchServer(
  { client }: RoutedServer,
  listener: { readonly onReady: () => void; readonly onUnready: (message: string) => void },
): Watch {
  let isTold = false
  let pauseMs = firstMs
  let timer: NodeJS.Timeout | undefined
  let asked = ask()
  return {
    stop: () => {
      clearTimeout(timer)
      asked.stop()
    },
  }

  function ask(): { readonly stop: () => void } {
    return askWorker(client, '/v2/health/ready', hear)
  }

  function hear(reply: WorkerReply): void {
    if (reply.kind === 'reply' && reply.status === 200) {
      listener.onReady()
      return
    }
    if (!isTold) {
      isTold = true
      listener.onUnready(
        reply.kind === 'none' ? reply.message : `Its health check says ${reply.status}`,
      )
    }
    timer = setTimeout(() => {
      asked = ask()
    }, pauseMs)
    pauseMs = Math.min(lastMs, 2 * pauseMs)
  }
}
