import { expect, test } from 'vitest'
import { derivedName, plainName } from './profile-name.ts'

test.each([
  ['1g.5gb', 0, 1, 4864, 40_960],
  ['1g.10gb+me', 7, 1, 9984, 81_559],
  ['1g.20gb', 9, 1, 20_096, 81_559],
  ['3g.40gb', 2, 3, 40_448, 81_559],
  ['4g.24gb', 3, 4, 24_000, 24_576],
  ['2g.48gb-me', 14, 2, 48_512, 97_887],
  ['1g.24gb+me.all', 15, 1, 24_192, 97_887],
])('%s is derived from slices and memory', (name, number, sliceCount, memoryMiB, boardMiB) => {
  expect(derivedName(number, { sliceCount, memoryMiB }, boardMiB)).toBe(name)
})

test("NVIDIA's prefix goes", () => {
  expect(plainName('MIG 1g.10gb+me')).toBe('1g.10gb+me')
})
