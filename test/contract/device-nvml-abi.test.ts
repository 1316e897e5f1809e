import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadLibrary } from '../../src/devices/nvml/library.ts'
import { type FunctionName, signatures } from '../../src/devices/nvml/signatures.ts'
import { type Struct, structBuffer, structs } from '../../src/devices/nvml/structs.ts'
import { errorNumbers } from '../../src/devices/return-codes.ts'
import { compiler } from '../fakes/nvml/fake-nvml.ts'
import { isNvmlRequired, type NvidiaPackages, nvidiaPackages } from '../nvidia-packages.ts'

const packages = nvidiaPackages()
const gcc = compiler()
const all: readonly (readonly [string, Struct])[] = Object.entries(structs)

/** Offsets and sizes as a C compiler sees them in a header, by `struct` and `struct.field`. */
function measure({ include }: NvidiaPackages, names: readonly string[]): Map<string, number> {
  const folder = mkdtempSync(join(tmpdir(), 'migrator-abi-'))
  const lines = all
    .filter(([name]) => names.includes(name))
    .flatMap(([name, { fields, version }]) => [
      `printf("${name} %zu\\n", sizeof(${name}));`,
      ...Object.keys(fields).map(
        (field) => `printf("${name}.${field} %zu\\n", offsetof(${name}, ${field}));`,
      ),
      version === undefined
        ? ''
        : `printf("${name}=version %u\\n", (unsigned)${name.replace(/_t$/, '')});`,
    ])
  const code = `#include <stddef.h>\n#include <stdio.h>\n#include <nvml.h>\nint main(void) {
    ${lines.join('\n')}\n}`
  writeFileSync(join(folder, 'abi.c'), code)
  execFileSync(gcc ?? 'gcc', [
    '-isystem',
    include,
    '-o',
    join(folder, 'abi'),
    join(folder, 'abi.c'),
  ])
  const printed = execFileSync(join(folder, 'abi'), { encoding: 'utf8' })
  return new Map(
    printed
      .trim()
      .split('\n')
      .map((line) => line.split(' '))
      .map(([key, value]) => [key ?? '', Number(value)]),
  )
}

if (packages.length === 0 || gcc === null) {
  const missing = gcc === null ? 'a C compiler' : "NVIDIA's packages"
  test.skipIf(!isNvmlRequired)(`no ABI comparison: ${missing} missing here`, () => {
    expect.fail(`${missing} missing: run scripts/fetch-nvidia-packages.sh`)
  })
}

describe.each(gcc === null ? [] : packages)("NVIDIA's header and library of $suite", (own) => {
  const header = readFileSync(join(own.include, 'nvml.h'), 'utf8')
  const declared = all.map(([name]) => name).filter((name) => header.includes(`} ${name};`))

  test('our sizes, offsets and version words are those that a C compiler sees', () => {
    const seen = measure(own, declared)
    expect(declared.length).toBeGreaterThan(8)
    for (const [name, { size, fields, version }] of all) {
      if (!declared.includes(name)) continue
      expect(seen.get(name), name).toBe(size)
      for (const [field, { offset }] of Object.entries(fields)) {
        expect(seen.get(`${name}.${field}`), `${name}.${field}`).toBe(offset)
      }
      if (version === undefined) continue
      const word = structBuffer(name as keyof typeof structs).readUInt32LE(0)
      expect(seen.get(`${name}=version`), `${name} version`).toBe(word)
    }
  })

  test('our error codes have the numbers of the header', () => {
    const typed = [...header.matchAll(/(NVML_ERROR_\w+)\s*=\s*(\d+)/g)]
    expect(typed.length).toBeGreaterThan(25)
    const ours: Readonly<Record<string, number>> = errorNumbers
    for (const [, name = '', number] of typed) expect(ours[name], name).toBe(Number(number))
  })

  test('every function is in the library under the name we bind', () => {
    const library = loadLibrary(own.library)
    for (const name of Object.keys(signatures)) {
      expect(library.has(name as FunctionName), name).toBe(true)
    }
  })

  test('every function takes as many arguments as the header says', () => {
    const all = Object.entries(signatures).map(([name, { length }]) => {
      const list = new RegExp(`DECLDIR ${name}\\s*\\(([^)]*)\\)`).exec(header)?.[1]
      return { name, length, list }
    })
    // An older header has some functions in its library only.
    const declaredHere = all.filter(({ list }) => list !== undefined)
    expect(declaredHere.length).toBeGreaterThan(all.length - 4)
    for (const { name, length, list } of declaredHere) {
      expect(length, name).toBe(list === 'void' ? 0 : list?.split(',').length)
    }
  })
})

test('versions 2 and 3 of a GPU instance profile are equally long and laid out differently', () => {
  const { nvmlGpuInstanceProfileInfo_v2_t: two, nvmlGpuInstanceProfileInfo_v3_t: three } = structs
  expect(two.size).toBe(three.size)
  expect(two.fields.sliceCount.offset).not.toBe(three.fields.sliceCount.offset)
  expect(structBuffer('nvmlGpuInstanceProfileInfo_v2_t').readUInt32LE(0)).toBe(0x0200_0098)
  expect(structBuffer('nvmlGpuInstanceProfileInfo_v3_t').readUInt32LE(0)).toBe(0x0300_0098)
})
