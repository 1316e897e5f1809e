import { readFile } from 'node:fs/promises'
import { type ProfilePace, readPace } from './pace.ts'

/** A variable of the workers' contract; throws when it is missing. */
export function variable(name: string): string {
  const value = process.env[name]
  if (value === undefined || value === '') throw new Error(`${name} is not set`)
  return value
}

/** The pace of this worker, by its pace file and profile. */
export async function ownPace(): Promise<ProfilePace> {
  const path = variable('MIGRATOR_PACE_FILE')
  const read = readPace(await readFile(path, 'utf8'), variable('MIGRATOR_PROFILE'))
  if (read.kind === 'unusable') throw new Error(`${path}: ${read.reason}`)
  return read.pace
}
