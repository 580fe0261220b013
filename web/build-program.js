// Builds the Go program. The benchmark builds a second one, which tells what its garbage collector does.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const web = import.meta.dirname
export const { version } = JSON.parse(readFileSync(join(web, 'package.json'), 'utf8'))

export const go = (...args) =>
  execFileSync('go', args, { cwd: join(web, '..'), encoding: 'utf8', env: goEnv })
/**
 * What makes the program small where it counts, compressed: the older garbage collector, which a heap
 * with few pointers does not feel, and no inlining but where the time goes, which is half of the time that an
 * allocation takes: in the runtime, in what is our own but for the bridge and the store, and on the way to JavaScript.
 * There, go:noinline is at what is called from many places and costs nothing next to what follows: errors,
 * bookkeeping, the way to the bytes of a page. What it is built of says nothing of git, so that one source is one program.
 */
const goEnv = { ...process.env, GOOS: 'js', GOARCH: 'wasm', GOEXPERIMENT: 'nogreenteagc' }
const inlined = ['asposecache/...', 'syscall/js', 'runtime', 'internal/runtime/maps']
/** Next to a transaction, or to a call of JavaScript, a call costs nothing, and without inlining these are smaller by some 15 kB. */
const small = [
  'asposecache/jsbridge',
  'asposecache/core/disk',
  'asposecache/core/driver/filestore',
  ...['idbstore', 'jsbuf', 'opfsstore', 'webapi', 'webdisk'].map((name) => `asposecache/jsbridge/${name}`),
]
const flagsOf = (packages, flags) => packages.map((one) => `${one}=${flags}`)
const gcflags = ['all=-l', ...flagsOf(inlined, ''), ...flagsOf(small, '-l')]

/** Builds the program into a file; `ldflags` are the linker's beside those that it always has. */
export function buildProgram(out, ldflags = '') {
  go(
    'build',
    '-trimpath',
    '-buildvcs=false',
    `-ldflags=-s -w -X main.version=${version} ${ldflags}`.trimEnd(),
    ...gcflags.map((flags) => `-gcflags=${flags}`),
    '-o',
    out,
    './wasm',
  )
}
