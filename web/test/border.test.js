// The two sides of the border have to name the same: what the scripts ask for, and what the program can do.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { runInNewContext } from 'node:vm'

const root = join(import.meta.dirname, '../..')

/** How many arguments each has, by name, in an interface of border.ts. */
function declared(interfaceName) {
  const source = readFileSync(join(root, 'web/src/border.ts'), 'utf8').replace(/\/\*\*.*?\*\//gs, '')
  const [, body] = source.match(new RegExp(`^export interface ${interfaceName} \\{\n(.*?)^\\}`, 'ms'))
  const methods = [...body.matchAll(/^ {2}(\w+)\(([^)]*)\)/gm)]
  return Object.fromEntries(methods.map(([, name, list]) => [name, [...list.matchAll(/\w+:/g)].length]))
}

/** The same in a table of the program. */
function done(table) {
  const source = readFileSync(join(root, 'jsbridge/calls.go'), 'utf8')
  const [, body] = source.match(new RegExp(`^var ${table} = map\\[string\\]\\w+\\{\n(.*?)^\\}`, 'ms'))
  const entries = [...body.matchAll(/^\t"(\w+)": \{(\d+), /gm)].map(([, name, n]) => [name, Number(n)])
  return Object.fromEntries(entries)
}

for (const [interfaceName, table] of [
  ['Requests', 'requests'],
  ['Operations', 'operations'],
])
  test(`${interfaceName}: the program does what the scripts ask for, with as many arguments`, () => {
    assert.ok(Object.keys(declared(interfaceName)).length > 9)
    assert.deepEqual(done(table), declared(interfaceName))
  })

test('both sides name the numbers of the statistics in the same order', () => {
  const go = readFileSync(join(root, 'jsbridge/exports.go'), 'utf8')
  const [, told] = go.match(/numbers = \[\.\.\.\]float64\{(.*?)\n\t\}/s)
  const order = [...told.matchAll(/float64\((?:s|the)\.(.+?)(?:\(\))?\),$/gm)].map(([, path]) => path)
  const ts = readFileSync(join(root, 'web/src/cache.ts'), 'utf8')
  const [, shape] = ts.match(/const noStatistics = Object\.freeze\((\{.*?\n\})\)/s)
  const flat = (part, path = []) =>
    Object.entries(part).flatMap(([name, value]) =>
      typeof value === 'number' ? [[...path, name].join('.')] : value ? flat(value, [...path, name]) : [],
    )
  // A name of Go's is one of JavaScript's with other capitals, or of another part of the bridge.
  const elsewhere = {
    'disk.copiedbytes': 'copiedBytes',
    'machine.count': 'collector.collections',
    'machine.loosened': 'collector.loosened',
  }
  const names = flat(runInNewContext(`(${shape})`, { Object }))
  const byGo = Object.fromEntries(names.map((name) => [name.toLowerCase(), name]))
  assert.deepEqual(
    order.map((path) => elsewhere[path.toLowerCase()] ?? byGo[path.toLowerCase()]),
    names,
  )
})
