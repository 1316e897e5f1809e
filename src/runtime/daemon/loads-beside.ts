import { openInferenceClient } from '../open-inference/client.ts'
import { loadBesideExtension } from '../open-inference/protocol.ts'

const secondsMax = 2

/** Whether the worker says that it serves the version it has until another one is loaded. */
export async function loadsBeside(url: string): Promise<boolean> {
  const client = openInferenceClient(url, { connectionsMax: 1 })
  try {
    const answer = await client.serverMetadata({ secondsMax })
    return answer.kind === 'ok' && answer.value.extensions.includes(loadBesideExtension)
  } finally {
    await client.close()
  }
}
