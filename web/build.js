// Builds web/dist: the Go program, the scripts around it, and the demo; and what else the npm package has.
import './prerequisites.js'
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants } from 'node:zlib'
import { build } from 'esbuild'
import { buildProgram, go, version } from './build-program.js'

const web = import.meta.dirname
const dist = join(web, 'dist')

/**
 * How many bytes the files may have, and how many when they are sent: with brotli 11. Of the program that is up to 4 kB more
 * or less for a line of comment, while its own size only tells what is in it.
 */
const most = {
  'asposecache.wasm': [4_740_000, 910_000],
  'asposecache.js': [51_500, 16_500],
  'asposecache.painterro.js': [13_000, 5_000],
}

/**
 * Calls of a system, which refuse: the program makes none. Looks for what every browser has. And what is there
 * for Go's own tests and for people who look for faults in it.
 */
const unused = new RegExp(
  [
    /\w+\(.*\) \{ (callback\(enosys\(\)\)|throw enosys\(\)); \},/,
    /if \(!globalThis\.\w+\) \{\s+throw .*\s+\}/,
    /const testCallExport = [^}]*\}/,
    /_gotest: \{[^}]*\},/,
    /"debug": [^}]*\},/,
  ]
    .map(({ source }) => `^\\s+(${source})$`)
    .join('|'),
  'gm',
)

/** A string is to reach JavaScript whole: by itself a decoder takes away a byte order mark at its beginning. */
const decoder = 'new TextDecoder("utf-8")'
const wholeDecoder = 'new TextDecoder("utf-8", { ignoreBOM: true })'

/**
 * The wasm_exec.js of the toolchain that builds the program: the two belong together. It expects to be
 * a script of its own and sets properties of globalThis; in a function with a parameter of that name
 * it does so to whatever it is given. What it uses by its bare name is put there too, and the clock is taken from there.
 */
const wasmExec = {
  name: 'wasm-exec',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^wasm-exec$/ }, ({ path }) => ({ path, namespace: 'go' }))
    onLoad({ filter: /./, namespace: 'go' }, () => {
      const source = readFileSync(join(go('env', 'GOROOT').trim(), 'lib/wasm/wasm_exec.js'), 'utf8')
      const used = source.replace(unused, '')
      if (source.length - used.length < 2100 || !used.includes(decoder))
        throw new Error('wasm_exec.js is not what it was')
      return {
        contents: `export default function (globalThis) {
const { Date, performance, setTimeout, clearTimeout } = globalThis
const fs = { writeSync: (fd, bytes) => globalThis.fs.writeSync(fd, bytes) }
${used.replace(decoder, wholeDecoder)}\nreturn globalThis.Go\n}`,
      }
    })
  },
}

const banner = {
  js: `/*! asposeCache ${version}, MIT license. Contains wasm_exec.js, copyright The Go Authors, BSD license. */`,
}

/** The oldest browsers that are served, as the README says. What they lack is a type error: see tsconfig.json. */
const target = ['chrome111', 'firefox114', 'safari16.4']

/** @type {import('esbuild').BuildOptions} */
const common = {
  bundle: true,
  minify: true,
  sourcemap: true,
  target,
  define: { VERSION: JSON.stringify(version) },
  // Names that wasm_exec.js keeps to itself.
  mangleProps: /^_(goRefCounts|ids|idPool|inst|nextCallbackTimeoutID|(resolveE|e)xitPromise|values)$/,
  plugins: [wasmExec],
  banner,
  logLevel: 'warning',
}

/**
 * The types, for people whose TypeScript may know more than what every browser has: here, nothing does, or our own
 * scripts could use it.
 */
const forUsers = (types) =>
  types.includes('Disposable') ? `/// <reference lib="esnext.disposable" />\n${types}` : types

rmSync(dist, { recursive: true, force: true })
mkdirSync(dist)
buildProgram(join(dist, 'asposecache.wasm'))
await build({
  ...common,
  entryPoints: [join(web, 'src/index.ts')],
  format: 'esm',
  outfile: join(dist, 'asposecache.js'),
})
await build({
  ...common,
  entryPoints: [join(web, 'src/global.ts')],
  format: 'iife',
  outfile: join(dist, 'asposecache.global.js'),
})
await build({
  ...common,
  entryPoints: [join(web, 'src/global-module.ts')],
  format: 'esm',
  outfile: join(dist, 'asposecache.global.module.js'),
})
await build({
  ...common,
  entryPoints: [join(web, 'src/worker.ts')],
  format: 'iife',
  outfile: join(dist, 'asposecache.worker.js'),
})
await build({
  ...common,
  entryPoints: [join(web, 'src/painterro/index.ts')],
  format: 'esm',
  outfile: join(dist, 'asposecache.painterro.js'),
  banner: { js: `/*! asposeCache ${version} for painterro, MIT license. */` },
})
for (const name of [
  'asposecache',
  'asposecache.global',
  'asposecache.painterro',
  'asposecache.wasm',
  'asposecache.worker',
])
  writeFileSync(join(dist, `${name}.d.ts`), forUsers(readFileSync(join(web, `src/${name}.d.ts`), 'utf8')))

// The package has a README without pictures, whose links stay inside of it, and the licenses of all that it has.
const readme = readFileSync(join(web, '../README.md'), 'utf8')
  .replace(/^!\[.*\]\(web\/demo\/.*\)\n\n/gm, '')
  .replaceAll('](web/src/', '](dist/')
  .replaceAll('](web/', '](')
writeFileSync(join(web, 'README.md'), readme)
cpSync(join(web, '../LICENSE'), join(web, 'LICENSE'))
const format = '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}\t{{.Dir}}{{end}}{{end}}'
const modules = [...new Set(go('list', '-deps', '-f', format, './wasm').trim().split('\n'))].sort()
const licenses = [`The Go Programming Language\t${go('env', 'GOROOT').trim()}`, ...modules].map((line) => {
  const [title, folder] = line.split('\t')
  return `${title}\n\n${readFileSync(join(folder, 'LICENSE'), 'utf8').trim()}\n`
})
const heading = 'asposecache.wasm, and for Go the scripts too, contain parts of the following.\n'
writeFileSync(join(dist, 'THIRD-PARTY-LICENSES.txt'), [heading, ...licenses].join(`\n${'-'.repeat(80)}\n\n`))

// The demo uses what was just built, as any page would.
await build({
  entryPoints: ['main.ts', 'paint.ts', 'painterro.ts', 'painterro-editor.ts'].map((name) =>
    join(web, 'demo', name),
  ),
  bundle: true,
  minify: true,
  format: 'esm',
  target,
  alias: { asposecache: '../asposecache.js', 'asposecache/painterro': '../asposecache.painterro.js' },
  external: ['../asposecache.js', '../asposecache.painterro.js'],
  outdir: join(dist, 'demo'),
  logLevel: 'warning',
})
const fromDemo = (name) => readFileSync(join(web, 'demo', name), 'utf8')
for (const page of ['index.html', 'paint.html', 'painterro.html', 'painterro-editor.html']) {
  // What pages share stands once. In the list of pages each marks itself.
  const own = `href="./${page.replace('index.html', '')}"`
  const shared = (name) => fromDemo(name).trimEnd().replace(own, `${own} aria-current="page"`)
  writeFileSync(
    join(dist, 'demo', page),
    fromDemo(page).replace(/^( *)<!-- include (\S+) -->$/gm, (_, indent, name) =>
      shared(name).replace(/^/gm, indent),
    ),
  )
}

// What the pages link to, as text with the mark of its encoding: a browser shows that whatever serves it.
const shown = ['../README.md', 'src/asposecache.d.ts']
const sources = ['main.ts', 'paint.ts', 'layer.ts', 'painterro.ts', 'painterro-editor.ts']
for (const path of [...shown, ...sources.map((name) => `demo/${name}`)]) {
  const name = path.replace('../README.md', 'README').replace(/.*\//, '')
  writeFileSync(join(dist, `demo/${name}.txt`), `\ufeff${readFileSync(join(web, path), 'utf8')}`)
}

const kB = (n) => `${(n / 1000).toFixed(1)} kB`
const { toolchain } = /^go (?<toolchain>.+)$/m.exec(readFileSync(join(web, '../go.mod'), 'utf8')).groups
const used = go('env', 'GOVERSION').trim()
let over = false
for (const [name, budgets] of Object.entries(most)) {
  const file = readFileSync(join(dist, name))
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24 }
  const sizes = [file.length, brotliCompressSync(file, { params }).length]
  const told = sizes.map((size, i) => `${kB(size)} (at most ${kB(budgets[i])})`)
  console.log(`${name}: ${told[0]}, with brotli ${told[1]}`)
  if (sizes.every((size, i) => size <= budgets[i])) continue
  // Another Go makes another program of the same source.
  if (name.endsWith('.wasm') && used !== `go${toolchain}`)
    console.log(`That is more, but what it may have is told for go${toolchain}, and this is ${used}.`)
  else over = true
}
if (over) {
  console.error('The build is larger than it may be.')
  process.exit(1)
}
