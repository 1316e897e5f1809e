import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { layers } from './layers.ts'

const root = resolve(import.meta.dirname, '../src')
const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
)
const names = Object.keys(layers)
const impure =
  /\b(Date\.now|new Date\b|Math\.random|performance\.now|setTimeout|setInterval|console\.|process\.)/

/** The longest layer name that the file lies under. */
function layerOf(path: string): string {
  const found = names.filter((name) => path.startsWith(`${name}/`))
  return found.sort((a, b) => b.length - a.length)[0] ?? `no layer for ${path}`
}

function specifiersOf(text: string): string[] {
  const fromClauses = [...text.matchAll(/(?:from|import) '([^']+)'/g)]
  const dynamic = [...text.matchAll(/import\('([^']+)'\)/g)]
  return [...fromClauses, ...dynamic].map((match) => match[1] ?? '')
}

function importsOf(path: string): string[] {
  return specifiersOf(readFileSync(join(root, path), 'utf8'))
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => relative(root, resolve(root, dirname(path), specifier)))
}

test('the layer table has no cycle', () => {
  for (const [name, { imports }] of Object.entries(layers)) {
    for (const lower of imports.filter((other) => other !== '*')) {
      expect(names, `${name} -> ${lower}`).toContain(lower)
      expect(names.indexOf(lower), `${name} -> ${lower}`).toBeLessThan(names.indexOf(name))
    }
  }
})

test('every layer has code', () => {
  for (const name of names) {
    expect(
      files.some((file) => layerOf(file) === name),
      name,
    ).toBe(true)
  }
})

test('no file imports itself through others', () => {
  const done = new Set<string>()
  const walk = (path: string, trail: readonly string[]): void => {
    expect(trail, `cycle: ${[...trail, path].join(' -> ')}`).not.toContain(path)
    if (done.has(path)) return
    for (const next of importsOf(path).filter((file) => files.includes(file))) {
      walk(next, [...trail, path])
    }
    done.add(path)
  }
  for (const path of files) walk(path, [])
})

for (const path of files) {
  test(`tidy: ${path}`, () => {
    const text = readFileSync(join(root, path), 'utf8')
    const lines = text.split('\n')
    const here = layerOf(path)
    const isTest = path.endsWith('.test.ts')
    const { imports, packages = [] } = layers[here] ?? { imports: [] }
    expect(layers[here], here).toBeDefined()
    for (const specifier of isTest ? [] : specifiersOf(text)) {
      if (specifier.startsWith('.')) {
        const there = layerOf(relative(root, resolve(root, dirname(path), specifier)))
        const isAllowed = there === here || imports.includes(there) || imports.includes('*')
        expect(isAllowed, `${here} must not import ${there}`).toBe(true)
        expect(specifier.endsWith('.test.ts'), 'No import of a test').toBe(false)
      } else {
        const name = specifier.startsWith('node:')
          ? 'node'
          : specifier.replace(/^(@[^/]+\/[^/]+|[^/@]+).*/, '$1')
        expect(packages, `${here} must not use package ${name}`).toContain(name)
      }
    }
    if (packages.length === 0 && !isTest) {
      expect(impure.exec(text)?.[0], `${here} is pure`).toBeUndefined()
    }
    expect(path.endsWith('/index.ts'), 'No barrels').toBe(false)
    expect(lines.length, 'A file has at most 400 lines').toBeLessThanOrEqual(401)
    expect(
      lines.filter((line) => line.length > 100),
      'A line has at most 100 columns',
    ).toEqual([])
  })
}
