import { expect, test } from 'vitest'
import { literalSite, readLiteral } from '../../test/literal-site.ts'
import type { NodeSettings } from '../core/node-settings.ts'
import { resolveSite } from './resolve-site.ts'

function nodeOf(more: string, workers = ''): NodeSettings {
  const text = `${literalSite.replace(/(\n {2}- name: vision\n)/, `$1${workers}`)}\n${more}`
  return resolveSite({ text, sourceName: 'site.yaml', readFile: readLiteral() }).node
}

test('a site without workers or a node is one that only the lab can run', () => {
  const node = nodeOf('')
  expect(node.workers.every((own) => own === null)).toBe(true)
  expect(node).toMatchObject({ mode: 'active', device: 'simulated', planningSecondsMax: 2 })
  expect(node.control.host).toBe('127.0.0.1')
})

test('workers are the ones that come with the program, or commands', () => {
  expect(nodeOf('', '    workers: reference\n').workers[0]).toEqual({ kind: 'reference' })
  const own = '    workers: {inference: [python, server.py], model: ./first, ready: 90s}\n'
  expect(nodeOf('', own).workers[0]).toEqual({
    kind: 'commands',
    inference: ['python', 'server.py'],
    retraining: null,
    model: './first',
    environment: {},
    readySecondsMax: 90,
    memoryMiBMax: null,
  })
})

test('what contradicts itself is refused where it stands', () => {
  const long = 'node: {planning: 60s}\nwindow: 50s'
  const text = literalSite.replace(/\nwindow: .*/, '').replace('  - name: vision\n', (found) => {
    return `${found}    workers: reference\n`
  })
  const resolve = (more: string) => () =>
    resolveSite({ text: `${text}\n${more}`, sourceName: 's', readFile: readLiteral() })
  expect(resolve(long)).toThrow(/planning.*60s/s)
  const ports = 'node: {router: {port: 9000}, control: {port: 9000}}'
  expect(() => nodeOf(ports)).toThrow(/another port than that of the router/)
  expect(() => nodeOf('', '    workers: [python]\n')).toThrow(/reference, or a mapping/)
  expect(() => nodeOf('', '    workers: {inference: [], model: x}\n')).toThrow()
})
