import fc from 'fast-check'
import { expect, test } from 'vitest'
import { literalAccuracy, literalSite, readLiteral } from '../../test/literal-site.ts'
import { ConfigError, InfeasibleSloError } from './config-error.ts'
import { resolveSite } from './resolve-site.ts'

/** Whatever is read either is a site, or ends with one of the two errors people are told about. */
function survives(text: string, files: Readonly<Record<string, string>> = {}): void {
  try {
    resolveSite({ text, sourceName: 'site.yaml', readFile: readLiteral(files) })
  } catch (error) {
    const isTold = error instanceof ConfigError || error instanceof InfeasibleSloError
    if (!isTold) throw error
    expect(error.message).not.toMatch(/undefined|\[object|\n/)
  }
}

const snippets = fc.constantFrom(
  ...[
    '',
    ' ',
    '\n',
    ':',
    '-',
    '- ',
    '[',
    '{',
    '}',
    ']',
    '"',
    "'",
    '&a ',
    '*a',
    '!!map ',
    '#',
    '|',
    '>',
  ],
  ...[
    '0',
    '-1',
    '1e999',
    '.nan',
    '-.inf',
    '0x10',
    'null',
    '~',
    'true',
    '<<: ',
    '? ',
    '%YAML 1.1\n---\n',
  ],
  ...[
    '1s',
    '-5ms',
    '300/s',
    '6GiB',
    '__proto__',
    'constructor',
    '\t',
    '\u0000',
    '\uFEFF',
    '💥',
    '---\n',
  ],
)

/** A text with some of its parts cut out, doubled or replaced. */
function mutations(text: string): fc.Arbitrary<string> {
  const cut = fc.record({
    at: fc.nat(text.length),
    length: fc.nat(12),
    by: fc.oneof(snippets, fc.string({ maxLength: 6 })),
  })
  return fc.array(cut, { minLength: 1, maxLength: 4 }).map((cuts) =>
    cuts.reduce((edited, { at, length, by }) => {
      return edited.slice(0, at) + by + edited.slice(at + length)
    }, text),
  )
}

test('arbitrary text never ends with an error that people are not told about', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200, unit: 'grapheme' }), (text) => survives(text)),
    {
      numRuns: 150,
    },
  )
})

test('arbitrary JSON never does', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 4 }), (text) => survives(text)),
    { numRuns: 150 },
  )
})

test('a site file with typing errors never does', () => {
  fc.assert(
    fc.property(mutations(literalSite), (text) => survives(text)),
    { numRuns: 120 },
  )
})

test('a site with any value in any place never does', () => {
  const lines = literalSite.split('\n')
  const value = fc.oneof(
    snippets,
    fc.json({ maxDepth: 2 }),
    fc.double().map(String),
    fc.constantFrom('1e9s', '0ms', '9999999h', '1000000000/s', '100000GiB'),
  )
  const replaced = fc
    .tuple(fc.nat(lines.length - 1), value)
    .map(([at, by]) =>
      lines
        .map((line, i) => (i === at ? line.replace(/: [^:]*$/, () => `: ${by}`) : line))
        .join('\n'),
    )
  fc.assert(
    fc.property(replaced, (text) => survives(text)),
    { numRuns: 120 },
  )
})

test('a damaged trace, accuracy table or file of figures never does', () => {
  const counts = 'second,requests\n0,1\n1,2\n2,0\n'
  const own = `version: 1\nsource: ours\ntables:\n  - {kind: inference, model: resnet50,
    gpu: a100-80gb, batches: [1, 8], perSecond: {1g.10gb: [100, 300], 2g.20gb: [null, 500]}}\n`
  const withOwn = literalSite.replace('slot: 1s', 'slot: 1s\nprofiles: [./own.yaml]')
  const files = fc.oneof(
    mutations(counts).map((text) => ({ './counts.csv': text, './own.yaml': own })),
    mutations(literalAccuracy).map((text) => ({ './accuracy.json': text, './own.yaml': own })),
    mutations(own).map((text) => ({ './own.yaml': text })),
  )
  fc.assert(
    fc.property(files, (damaged) => survives(withOwn, damaged)),
    { numRuns: 150 },
  )
})

test('aliases cannot blow a small file up', () => {
  const levels = Array.from({ length: 12 }, (_, i) => {
    const inner = i === 0 ? '1' : Array.from({ length: 10 }, () => `*a${i - 1}`).join(', ')
    return `a${i}: &a${i} [${inner}]`
  })
  survives(levels.join('\n'))
})
