// Builds what only the benchmark needs: the modules of its pages, two Go programs, and ours once more, such that it tells
// on the console what its garbage collector does.
import { execFileSync } from 'node:child_process'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { buildProgram } from '../build-program.js'

const here = import.meta.dirname
const goEnv = { ...process.env, GOOS: 'js', GOARCH: 'wasm' }
const scripts = [
  'main.js',
  'start.js',
  'painterro.js',
  'opfs-worker.js',
  'opfs-messages-worker.js',
  'raw-worker.js',
]
const programs = ['hackpadfs', 'linked']
const go = (cwd, ...args) => execFileSync('go', args, { cwd, encoding: 'utf8', env: goEnv })

/** Builds into a folder and answers the files in it by the path at which pages look for them. */
export async function buildBench(folder) {
  await build({
    entryPoints: scripts.map((name) => join(here, 'page', name)),
    bundle: true,
    format: 'esm',
    target: 'es2022',
    external: ['/asposecache.js', '/asposecache.painterro.js', '/wasm_exec.js'],
    outdir: folder,
    logLevel: 'warning',
  })
  for (const program of programs)
    go(
      join(here, program),
      'build',
      '-trimpath',
      '-ldflags=-s -w',
      '-o',
      join(folder, `${program}.wasm`),
      '.',
    )
  buildProgram(join(folder, 'traced.wasm'), '-X runtime.godebugDefault=gctrace=1')
  copyFileSync(join(go(here, 'env', 'GOROOT').trim(), 'lib/wasm/wasm_exec.js'), join(folder, 'wasm_exec.js'))
  const served = [
    ...[...scripts, 'wasm_exec.js'].map((name) => [name, 'text/javascript']),
    ...[...programs, 'traced'].map((name) => [`${name}.wasm`, 'application/wasm']),
  ]
  return served.map(([name, type]) => ({ path: `/${name}`, file: join(folder, name), type }))
}
