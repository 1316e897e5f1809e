import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

/** What a router process leaves in the state directory for daemons to find it by. */
export type RouterFiles = {
  readonly directory: string
  readonly socket: string
  readonly lock: string
  readonly record: string
  readonly log: string
}

const recordSchema = z.object({
  process: z.object({
    pid: z.number().int().positive(),
    startTicks: z.string(),
    bootId: z.string(),
  }),
  protocol: z.number().int(),
  host: z.string(),
  port: z.number().int(),
})

/** Which process the router is, and where it listens. */
export type RouterRecord = z.infer<typeof recordSchema>

export function routerFiles(stateDir: string): RouterFiles {
  const directory = join(stateDir, 'router')
  return {
    directory,
    socket: join(directory, 'control.sock'),
    lock: join(directory, 'lock'),
    record: join(directory, 'router.json'),
    log: join(directory, 'router.log'),
  }
}

/** For this user alone: who reaches the socket commands the router. */
export function makeRouterDirectory({ directory }: RouterFiles): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
}

export function readRecord({ record }: RouterFiles): RouterRecord | null {
  try {
    const read = recordSchema.safeParse(JSON.parse(readFileSync(record, 'utf8')))
    return read.success ? read.data : null
  } catch {
    return null
  }
}

export function writeRecord({ record }: RouterFiles, value: RouterRecord): void {
  writeFileSync(`${record}.new`, JSON.stringify(value), { mode: 0o600 })
  renameSync(`${record}.new`, record)
}

export function removeRecord({ record, socket }: RouterFiles): void {
  rmSync(record, { force: true })
  rmSync(socket, { force: true })
}
