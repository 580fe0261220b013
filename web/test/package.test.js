// The package as npm would publish it: what is in it, and whether resolvers and compilers understand it.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { compiling, uses } from '../packages/typescript.js'

const web = join(import.meta.dirname, '..')
const bin = join(web, 'node_modules/.bin')
const home = mkdtempSync(join(tmpdir(), 'asposecache-package-'))
after(() => rmSync(home, { recursive: true, force: true }))

/** Answers what a command prints, and fails with it. */
function run(command, args, cwd = web) {
  try {
    return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: 'pipe' })
  } catch ({ stdout, stderr }) {
    throw new Error(`${command} ${args.join(' ')}:\n${stdout}${stderr}`)
  }
}

// Without `prepack`: the package is built already, and other tests use it at the same time.
const [packed] = JSON.parse(run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', home]))
const tarball = join(home, packed.filename)
const installed = join(home, 'node_modules/asposecache')
mkdirSync(installed, { recursive: true })
run('tar', ['xf', tarball, '--strip-components=1', '-C', installed])

test('packing and publishing build first', () => {
  const { scripts } = JSON.parse(readFileSync(join(web, 'package.json'), 'utf8'))
  assert.equal(scripts.prepack, 'node build.js')
})

test('the tarball has what users need, and nothing else', () => {
  const scripts = ['', '.global', '.global.module', '.painterro', '.worker'].map(
    (name) => `dist/asposecache${name}.js`,
  )
  const types = ['', '.global', '.painterro', '.wasm', '.worker'].map(
    (name) => `dist/asposecache${name}.d.ts`,
  )
  assert.deepEqual(
    packed.files.map(({ path }) => path).sort(),
    [
      'BENCHMARKS.md',
      'LICENSE',
      'PACKAGES.md',
      'README.md',
      'dist/THIRD-PARTY-LICENSES.txt',
      'dist/asposecache.wasm',
      ...scripts,
      ...scripts.map((script) => `${script}.map`),
      ...types,
      'global/package.json',
      'package.json',
      'painterro/package.json',
    ].sort(),
  )
})

test('licenses of Go and of what the program imports are told', () => {
  const text = readFileSync(join(installed, 'dist/THIRD-PARTY-LICENSES.txt'), 'utf8')
  for (const title of ['The Go Programming Language', 'github.com/hack-pad/go-indexeddb'])
    assert.match(text, new RegExp(`^${title}`, 'm'))
  assert.match(text, /Redistribution and use in source and binary forms/)
})

test('links of the README stay inside of the package', () => {
  const files = new Set(packed.files.map(({ path }) => path))
  const readme = readFileSync(join(installed, 'README.md'), 'utf8')
  const links = [...readme.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, link]) => link)
  assert.ok(links.includes('dist/asposecache.d.ts'))
  assert.deepEqual(
    links.filter((link) => !files.has(link)),
    [],
  )
})

test('publint finds nothing', async () => {
  const { messages, pkg } = await publint({ pkgDir: installed, strict: true, pack: false })
  assert.deepEqual(
    messages.map((message) => formatMessage(message, pkg)),
    [],
  )
})

test('attw finds nothing but that there is no CommonJS', () => {
  // The program is no module.
  const flags = ['--profile', 'esm-only', '--exclude-entrypoints', './asposecache.wasm', '--no-emoji']
  run(join(bin, 'attw'), [tarball, ...flags])
})

writeFileSync(join(home, 'package.json'), '{ "type": "module" }')
writeFileSync(join(home, 'uses.ts'), uses)
for (const resolution of ['bundler', 'node16', 'nodenext'])
  test(`TypeScript understands it, resolving as ${resolution} does`, () => {
    run(join(bin, 'tsc'), [...compiling(resolution), 'uses.ts'], home)
  })
