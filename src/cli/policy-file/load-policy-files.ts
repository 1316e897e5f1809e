import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Policy } from '../../core/policy.ts'
import type { Site } from '../../core/site.ts'
import type { PolicyContext, PolicyFactory } from '../../policies/context.ts'
import { policyNames } from '../../policies/registry.ts'
import { UsageError } from '../usage-error.ts'
import { guardedPolicy, wordsOf } from './guarded-policy.ts'
import { policyKit } from './policy-kit.ts'
import { complaintsAbout, isPolicy, isRecord } from './policy-shape.ts'

/** A policy that a user brings in a file (docs/WRITING-A-POLICY.md). */
export type FilePolicy = {
  readonly name: string
  readonly file: string
  readonly create: PolicyFactory
}

/**
 * Loads the files and makes each policy once, for `site`, to learn its name and to look at its
 * shape. Throws UsageError that names the file for whatever is wrong with it.
 */
export async function loadPolicyFiles(
  files: readonly string[],
  site: Site,
): Promise<readonly FilePolicy[]> {
  const found: FilePolicy[] = []
  for (const file of files) {
    const create = await factoryIn(file)
    const { name } = create({ site, solver: null, hindsight: null })
    const isTaken = policyNames.some((own) => own === name)
    if (isTaken || found.some((own) => own.name === name)) {
      throw new UsageError(`${file}: there is a policy ${name} already; choose another "name"`)
    }
    found.push({ name, file, create })
  }
  return found
}

async function factoryIn(file: string): Promise<PolicyFactory> {
  const module: unknown = await import(pathToFileURL(resolve(file)).href).catch(
    (error: unknown) => {
      throw new UsageError(`${file}: it cannot be loaded: ${wordsOf(error)}`)
    },
  )
  const exported = isRecord(module) ? (module['createPolicy'] ?? module['default']) : null
  if (typeof exported !== 'function') {
    throw new UsageError(`${file}: it exports no function createPolicy`)
  }
  return (context) => guardedPolicy(file, made(file, exported, context))
}

function made(file: string, create: CallableFunction, context: PolicyContext): Policy {
  let policy: unknown
  try {
    policy = create({ ...context, kit: policyKit })
  } catch (error) {
    throw new UsageError(`${file}: createPolicy threw: ${wordsOf(error)}`)
  }
  if (isPolicy(policy)) return policy
  throw new UsageError(`${file}: ${complaintsAbout(policy).join('; ')}`)
}
