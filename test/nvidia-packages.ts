import { existsSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '../.cache/nvidia')

/**
 * NVIDIA's own programs and header, which `scripts/fetch-nvidia-packages.sh` gets from Debian. They
 * are not part of this project and may not be there.
 */
export type NvidiaPackages = {
  readonly suite: string
  readonly library: string
  readonly smi: string
  /** The folder with nvml.h. */
  readonly include: string
}

export function nvidiaPackages(): readonly NvidiaPackages[] {
  if (!existsSync(root)) return []
  return readdirSync(root)
    .filter((suite) => existsSync(join(root, suite, 'complete')))
    .sort()
    .map((suite) => {
      const own = join(root, suite, 'usr')
      const programs = join(own, 'lib/nvidia/current')
      return {
        suite,
        library: findLibrary(join(own, 'lib')),
        smi: join(programs, 'nvidia-smi'),
        include: join(own, 'include'),
      }
    })
}

/** The newest header that was fetched, as a folder, or null. */
export function nvidiaHeader(): string | null {
  return nvidiaPackages().at(-1)?.include ?? null
}

/** Set where every test must run, as in CI: what is missing then fails instead of being skipped. */
export const isNvmlRequired = process.env['MIGRATOR_REQUIRE_NVML_TESTS'] === '1'

function findLibrary(folder: string): string {
  const found = readdirSync(folder, { recursive: true, encoding: 'utf8' }).find((file) =>
    /libnvidia-ml\.so\.\d+\.\d+/.test(file),
  )
  return join(folder, found ?? 'libnvidia-ml.so.missing')
}
