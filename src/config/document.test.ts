import { expect, test } from 'vitest'
import { ConfigError } from './config-error.ts'
import { type DocumentPath, jsonSource, parseSource } from './document.ts'

const complaint = { code: 'wrong-type', found: 'x', accepted: 'y' } as const
const text = `a: 1
list:
  - {name: one, size: 2}
  - name: two
    deep:
      - 3
`

function placeAt(source: string, path: DocumentPath): string {
  const { line, column } = parseSource(source, 'f.yaml').error(path, complaint).place
  return `${line}:${column}`
}

test('an error stands at the line and column of the value', () => {
  expect(placeAt(text, ['a'])).toBe('1:4')
  expect(placeAt(text, ['list', 0, 'size'])).toBe('3:23')
  expect(placeAt(text, ['list', 1, 'deep', 0])).toBe('6:9')
})

test('an error of what is missing stands where its parent begins', () => {
  expect(placeAt(text, ['list', 1, 'size'])).toBe('4:5')
  expect(placeAt(text, ['list', 7])).toBe('3:3')
  expect(placeAt(text, [])).toBe('1:1')
})

test('an unknown key stands at the key', () => {
  const source = parseSource('known: 1\nother:\n  deep: 1\n', 'f.yaml')
  const { place } = source.error(['other'], { ...complaint, code: 'unknown-key' })
  expect([place.line, place.column]).toEqual([2, 1])
})

test('line ends of Windows and a byte-order mark change no position', () => {
  expect(placeAt(text.replaceAll('\n', '\r\n'), ['list', 0, 'size'])).toBe('3:23')
  expect(parseSource(`\uFEFF${text}`, 'f.yaml').value).toEqual(parseSource(text, 'f.yaml').value)
})

test('JSON that is expected to be right gets its positions when it is not', () => {
  const source = jsonSource('{"a": 1,\n "b": [2]}', 'f.json')
  expect(source.value).toEqual({ a: 1, b: [2] })
  expect(source.error(['b', 0], complaint).place).toEqual({
    file: 'f.json',
    path: 'b[0]',
    line: 2,
    column: 8,
  })
  expect(() => jsonSource('{"a": ', 'f.json')).toThrow(ConfigError)
})

test('a key that is a collection is refused', () => {
  expect(() => parseSource('? {a: 1}\n: 2\n', 'f.yaml')).toThrow(/f\.yaml:1:3.*\(syntax\)/)
})
