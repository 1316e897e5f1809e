import type { Context } from '../reconfigure/context.ts'
import { placeText } from '../reconfigure/explain-refusal.ts'
import { type NodeNames, nodeNames } from '../reconfigure/node-names.ts'
import type { Recovery } from '../reconfigure/recover.ts'
import { JournalError } from '../runtime/journal/journal-error.ts'
import { lookAtNode, openNode } from '../runtime/node/open-node.ts'
import { CutOffError } from './cut-off-error.ts'
import type { NodeChoice } from './node-options.ts'

export type NodeView = { readonly context: Context; readonly names: NodeNames }

/** Reads a node, which another program may be changing; writes nothing. */
export async function looking<T>(
  { spec, folder }: NodeChoice,
  run: (view: NodeView) => Promise<T>,
): Promise<T> {
  const { context, close } = await lookAtNode(spec, folder)
  try {
    return await run({ context, names: await nodeNames(context.device) })
  } finally {
    await close()
  }
}

/** Looks at a node to tell what a change would do there, as far as that can be told now. */
export async function foreseeing<T>(
  choice: NodeChoice,
  run: (view: NodeView) => Promise<T>,
): Promise<T> {
  return looking(choice, (view) => {
    const { open, stuck } = view.context.book.ledger()
    const count = open.length + stuck.length
    if (count > 0) {
      process.stderr.write(
        `An earlier run left ${count} unfinished; apply and undo settle that first, so what is ` +
          'told here may change\n',
      )
    }
    return run(view)
  })
}

/** Takes a node for this process alone. What an earlier program left open is settled, and told. */
export async function changing<T>(
  { spec, folder }: NodeChoice,
  options: { readonly ignoresOwners?: boolean },
  run: (view: NodeView) => Promise<T>,
): Promise<T> {
  const node = await openNode(spec, folder, options)
  try {
    const names = await nodeNames(node.context.device)
    for (const line of recoveryLines(node.recovery, names)) process.stderr.write(`${line}\n`)
    return await run({ context: node.context, names })
  } catch (error) {
    throw error instanceof JournalError ? new CutOffError(error) : error
  } finally {
    await node.close()
  }
}

/** A dry run looks only. */
export function accessFor(
  choice: NodeChoice,
  options: { readonly dryRun?: boolean; readonly ignoreOwners?: boolean },
): <T>(run: (view: NodeView) => Promise<T>) => Promise<T> {
  if (options.dryRun === true) return (run) => foreseeing(choice, run)
  return (run) => changing(choice, { ignoresOwners: options.ignoreOwners === true }, run)
}

function recoveryLines(recovery: Recovery, names: NodeNames): readonly string[] {
  const print = (own: Parameters<typeof placeText>[1] & { readonly gpu: string }): string =>
    `${placeText(own.gpu, own, names)} on ${names.gpu(own.gpu)}`
  return [
    ...recovery.finished.map((own) => `Finished what an earlier run had begun: ${print(own)}`),
    ...recovery.undone.map((own) => `Took back what an earlier run had begun: ${print(own)}`),
    ...recovery.recovered.map((own) => `Removed what an earlier run could not: ${print(own)}`),
    ...recovery.missing.map((own) => `Gone without our doing, forgotten: ${print(own)}`),
    ...recovery.unknown.map(
      ({ action, state }) => `Could not settle what is there: cannot ${action}: ${state}`,
    ),
  ]
}
