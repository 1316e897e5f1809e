import { access, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** Removes the output of ended workers, those without a record, but for the newest `kept`. */
export async function pruneEnded(root: string, kept: number): Promise<void> {
  const names = await readdir(root)
  if (names.length <= kept) return
  const ended = await Promise.all(names.map((name) => endedDirectory(join(root, name))))
  const oldestFirst = ended.filter((each) => each !== null).sort((a, b) => a.atMs - b.atMs)
  const removed = oldestFirst.slice(0, Math.max(0, oldestFirst.length - kept))
  await Promise.all(removed.map(({ dir }) => rm(dir, { recursive: true, force: true })))
}

async function endedDirectory(
  dir: string,
): Promise<{ readonly dir: string; readonly atMs: number } | null> {
  const isSupervised = await access(join(dir, 'record.json')).then(
    () => true,
    () => false,
  )
  if (isSupervised) return null
  const found = await stat(dir).catch(() => null)
  return found === null ? null : { dir, atMs: found.mtimeMs }
}
