import type { RouterReply, RouterRequest } from '../router/client.ts'

/** What the daemon needs of the router, however that is reached. */
export type RouterLink = {
  readonly request: (request: RouterRequest) => Promise<RouterReply>
}
