import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { must } from '../../base/assert.ts'
import type { DeployedVersion, LabelCount } from '../../core/observation.ts'
import { readJson, writeJson } from './json-file.ts'

/** A model version of one tenant: a folder with its model, and what is known of it. */
export type StoredVersion = DeployedVersion & {
  /** `good`: passed the gate (the first one counts as such); `bad`: measured worse when live. */
  readonly standing: 'candidate' | 'good' | 'rejected' | 'bad'
  /** Counts up; later ones are newer. */
  readonly number: number
}

/** A tenant's versions on disk; which one is deployed survives the program. */
export type VersionStore = {
  readonly deployed: () => StoredVersion
  /** Those that are kept, and what is known of some that are not. */
  readonly all: () => readonly StoredVersion[]
  readonly find: (versionId: string) => StoredVersion | undefined
  readonly dirOf: (versionId: string) => string
  /** Takes a folder in as a candidate; the folder moves. */
  readonly takeIn: (
    versionId: string,
    dir: string,
    facts: { readonly labelledUntilSeconds: number },
  ) => void
  readonly deploy: (versionId: string, heldOut: LabelCount | null) => void
  readonly reject: (versionId: string) => void
  /** The deployed one measured worse: the good one before serves again. Null: there is none. */
  readonly rollBack: () => StoredVersion | null
}

const firstName = 'initial'
/** What its maker may say of a first version, beside the model. */
export const factsFile = 'migrator-version.json'

/** Opens the versions below `folder`; the first is copied from `first` if there are none yet. */
export function openVersionStore(options: {
  readonly folder: string
  /** Null: the tenant has no workers, and the version is a name alone. */
  readonly first: string | null
  /** Good versions that are kept. */
  readonly kept: number
}): VersionStore {
  const { folder, first, kept } = options
  mkdirSync(folder, { recursive: true })
  const book = join(folder, 'versions.json')
  let all = (readJson(book) as readonly StoredVersion[] | null) ?? []
  const dirOf = (versionId: string): string => join(folder, versionId)
  const write = (versions: readonly StoredVersion[]): void => {
    writeJson(book, versions)
    all = versions
  }
  if (all.length === 0) {
    if (first !== null) cpSync(first, dirOf(firstName), { recursive: true })
    write([{ ...factsOfFirst(first ?? ''), versionId: firstName, standing: 'good', number: 0 }])
  }
  const find = (id: string): StoredVersion | undefined => all.find((own) => own.versionId === id)
  const goodOnes = (): readonly StoredVersion[] => all.filter(({ standing }) => standing === 'good')
  const deployed = (): StoredVersion => must(goodOnes().at(-1), 'A tenant has a good version')
  const change = (id: string, changed: Partial<StoredVersion>): void => {
    must(find(id), `No version ${id}`)
    write(all.map((own) => (own.versionId === id ? { ...own, ...changed } : own)))
  }
  const clear = (): void => {
    const keep = new Set([...goodOnes()].slice(-kept).map(({ versionId }) => versionId))
    const gone = all.filter((own) => own.standing !== 'candidate' && !keep.has(own.versionId))
    for (const { versionId } of gone) rmSync(dirOf(versionId), { recursive: true, force: true })
    write(all.filter((own) => !gone.includes(own)))
  }
  return {
    deployed,
    all: () => all,
    find,
    dirOf,
    takeIn: (versionId, dir, { labelledUntilSeconds }) => {
      if (existsSync(dirOf(versionId))) rmSync(dirOf(versionId), { recursive: true })
      renameSync(dir, dirOf(versionId))
      const number = 1 + Math.max(...all.map((own) => own.number))
      const facts = { versionLabelledUntilSeconds: labelledUntilSeconds, heldOut: null }
      const others = all.filter((own) => own.versionId !== versionId)
      write([...others, { versionId, ...facts, standing: 'candidate', number }])
    },
    deploy: (versionId, heldOut) => {
      change(versionId, { standing: 'good', heldOut })
      clear()
    },
    reject: (versionId) => {
      change(versionId, { standing: 'rejected' })
      clear()
    },
    rollBack: () => {
      if (goodOnes().length < 2) return null
      change(deployed().versionId, { standing: 'bad' })
      return deployed()
    },
  }
}

/** As its maker left it; else nothing is known but that it is there. */
function factsOfFirst(
  dir: string,
): Pick<DeployedVersion, 'versionLabelledUntilSeconds' | 'heldOut'> {
  const found = readJson(join(dir, factsFile)) as {
    readonly labelledUntilSeconds?: unknown
    readonly heldOut?: { readonly labelled?: unknown; readonly correct?: unknown }
  } | null
  const until = found?.labelledUntilSeconds
  const { labelled, correct } = found?.heldOut ?? {}
  return {
    versionLabelledUntilSeconds: typeof until === 'number' ? until : 0,
    heldOut:
      typeof labelled === 'number' && typeof correct === 'number' ? { labelled, correct } : null,
  }
}

/** Folders that a program before this one left, which no record speaks of. */
export function strayFolders(folder: string, store: VersionStore): readonly string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && store.find(entry.name) === undefined)
    .map(({ name }) => join(folder, name))
}
