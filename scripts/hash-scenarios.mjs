// Hashes the scenario suite, so that anyone can tell whether it changed after policies were tuned:
// `node scripts/hash-scenarios.mjs` writes data/scenarios/hashes.txt, `--check` says whether it is
// still right. A line is a file's SHA-256 and its name; the last one is that of the lines before it.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../data/scenarios/', import.meta.url))
const sha256 = (data) => createHash('sha256').update(data).digest('hex')

const files = readdirSync(folder).filter((file) => file.endsWith('.yaml'))
const lines = files
  .sort()
  // Line ends are the checkout's business.
  .map((file) => [file, readFileSync(`${folder}${file}`, 'utf8').replaceAll('\r\n', '\n')])
  .map(([file, text]) => `${sha256(text)}  ${file}\n`)
  .join('')
const hashes = `${lines}${sha256(lines)}  the suite\n`

const path = `${folder}hashes.txt`
if (process.argv.includes('--check')) {
  if (readFileSync(path, 'utf8').replaceAll('\r\n', '\n') !== hashes) {
    console.error('The scenarios are not those that data/scenarios/hashes.txt was made of')
    process.exit(1)
  }
} else {
  writeFileSync(path, hashes)
}
