import { randomUUID } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { WorkerSpec } from './worker-spec.ts'

/**
 * What a restarted supervisor must know of a worker. Written before its process is started (then
 * `process` is null: the launch variable finds it) and again with its identity.
 */
export type WorkerRecord = {
  readonly format: 1
  readonly spec: WorkerSpec
  /** Of the latest start; each has its own. */
  readonly launch: string
  readonly process: z.infer<typeof identity> | null
  readonly port: number | null
  readonly starts: number
  readonly modelDir: string
  /** A version it was told to load and has not confirmed. */
  readonly loadingDir: string | null
  /** It was told to stop. */
  readonly isAskedToStop: boolean
}

export type ReadRecordResult =
  | { readonly kind: 'record'; readonly record: WorkerRecord }
  | { readonly kind: 'unreadable'; readonly path: string; readonly message: string }

const identity = z.object({
  pid: z.int().positive(),
  startTicks: z.string(),
  bootId: z.string(),
})

const common = {
  id: z.string(),
  tenant: z.string(),
  command: z.tuple([z.string()], z.string()),
  device: z.string(),
  profile: z.string(),
  modelDir: z.string(),
  environment: z.record(z.string(), z.string()),
  paceFile: z.string().nullable(),
  memoryMiBMax: z.number().nullable(),
  restart: z
    .object({
      firstDelaySeconds: z.number(),
      factor: z.number(),
      delaySecondsMax: z.number(),
      endsMax: z.number(),
      windowSeconds: z.number(),
    })
    .nullable(),
}

const spec = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('inference'),
    ...common,
    port: z.int().nullable(),
    readySecondsMax: z.number(),
  }),
  z.object({
    kind: z.literal('retraining'),
    ...common,
    configurationId: z.string(),
    dataDir: z.string(),
    outputDir: z.string(),
    checkpointDir: z.string(),
    silenceSecondsMax: z.number().nullable(),
  }),
])

const schema: z.ZodType<WorkerRecord> = z.object({
  format: z.literal(1),
  spec,
  launch: z.string().min(1),
  process: identity.nullable(),
  port: z.int().nullable(),
  starts: z.int(),
  modelDir: z.string(),
  loadingDir: z.string().nullable(),
  isAskedToStop: z.boolean(),
})

const fileName = 'record.json'

/** A directory name for a worker's files; an id that is none is the caller's mistake. */
export function isWorkerId(id: string): boolean {
  return /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$/.test(id)
}

/** All or nothing, and on the disk when it resolves. */
export async function writeRecord(dir: string, record: WorkerRecord): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const path = join(dir, fileName)
  const fresh = `${path}.${randomUUID()}`
  const file = await open(fresh, 'wx', 0o600)
  try {
    await file.writeFile(`${JSON.stringify(record, null, 1)}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(fresh, path)
  await syncDirectory(dir)
}

export async function removeRecord(dir: string): Promise<void> {
  await rm(join(dir, fileName), { force: true })
}

/** Every record below `root`; one that cannot be read is renamed, so that nothing is lost. */
export async function readRecords(root: string): Promise<readonly ReadRecordResult[]> {
  const names = await readdir(root).catch(() => [] as string[])
  const results = await Promise.all(names.sort().map((name) => readRecord(join(root, name))))
  return results.filter((result) => result !== null)
}

async function readRecord(dir: string): Promise<ReadRecordResult | null> {
  const path = join(dir, fileName)
  const text = await readFile(path, 'utf8').catch(() => null)
  if (text === null) return null
  const read = parseRecord(text)
  if (typeof read !== 'string') return { kind: 'record', record: read }
  const aside = `${path}.unreadable`
  await rename(path, aside)
  return { kind: 'unreadable', path: aside, message: read }
}

function parseRecord(text: string): WorkerRecord | string {
  try {
    const parsed = schema.safeParse(JSON.parse(text))
    return parsed.success ? parsed.data : z.prettifyError(parsed.error)
  } catch (error) {
    return String(error)
  }
}

async function syncDirectory(dir: string): Promise<void> {
  const handle = await open(dir, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
