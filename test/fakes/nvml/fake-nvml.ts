import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import koffi from 'koffi'
import { nvidiaHeader } from '../../nvidia-packages.ts'

const here = import.meta.dirname
const cache = resolve(here, '../../../.cache/fake-nvml')
const sources = ['fake-nvml.c', 'state.c']
const headers = ['boards.h', 'nvml-abi.h', 'state.h']

/** `old`: as drivers before the 525 branch, without the functions that came with it. */
export type FakeVariant = 'current' | 'old'

/** A library of its own with a state of its own; commands are those of `obey` in state.c. */
export type FakeNvml = {
  readonly library: string
  /** Holds the library under the name that the loader looks for. */
  readonly folder: string
  /** The answer of the fake, which is never negative. */
  readonly control: (command: string) => number
}

/** The C compiler of this machine, or null. */
export function compiler(): string | null {
  for (const name of ['gcc', 'cc', 'clang']) {
    try {
      execFileSync(name, ['--version'], { stdio: 'ignore' })
      return name
    } catch {}
  }
  return null
}

/**
 * GPUs of those models (keys of boards.h, comma-separated) behind a fresh copy of the library: the
 * loader takes every file for a library of its own, so tests side by side do not meet.
 */
export function fakeNvml(
  gpus: string,
  options: { readonly variant?: FakeVariant; readonly migMode?: 0 | 1 } = {},
): FakeNvml {
  const { variant = 'current', migMode = 1 } = options
  const folder = mkdtempSync(join(tmpdir(), 'migrator-fake-nvml-'))
  const library = join(folder, 'libnvidia-ml.so.1')
  copyFileSync(build(variant), library)
  const obey = koffi.load(library).func('int fakeNvmlControl(const char *command)')
  const control = (command: string): number => {
    const answer: number = obey(command)
    if (answer < 0) throw new Error(`The fake NVML does not understand '${command}'`)
    return answer
  }
  control(`reset ${gpus} ${migMode}`)
  return { library, folder, control }
}

/** Compiled once for each version of its sources; against NVIDIA's header where that is at hand. */
function build(variant: FakeVariant): string {
  const header = nvidiaHeader()
  const hash = createHash('sha256').update(`${variant} ${header}`)
  for (const file of [...sources, ...headers]) hash.update(readFileSync(join(here, file)))
  const target = join(cache, `${hash.digest('hex').slice(0, 16)}.so`)
  if (existsSync(target)) return target
  mkdirSync(cache, { recursive: true })
  const fresh = `${target}.${process.pid}.${Math.floor(performance.now() * 1000)}`
  const name = compiler()
  if (name === null) throw new Error('There is no C compiler')
  const flags = ['-std=c11', '-Wall', '-Wextra', '-Werror', '-O1', '-fPIC', '-shared', '-pthread']
  const nvidia = header === null ? [] : ['-DFAKE_NVML_USE_NVIDIA_HEADER', '-isystem', header]
  const old = variant === 'old' ? ['-DFAKE_NVML_OLD'] : []
  const inputs = sources.map((file) => join(here, file))
  execFileSync(name, [...flags, ...nvidia, ...old, '-o', fresh, ...inputs, '-ldl'])
  renameSync(fresh, target)
  return target
}
