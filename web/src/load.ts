import { AsposeCache } from './cache'
import { DiskWorker, type Work } from './disk-worker'
import { CacheError } from './errors'
import { loadOptions, type Options } from './options'
import { inBrowser, type Place } from './place'
import { type Listener, Program } from './program'
import type { Disk } from './runtime'
import { filesIn } from './files'

/** Loads an instance. `place` is only asked where the options do not say. */
export async function load(value: unknown, place: Place): Promise<AsposeCache> {
  const options = loadOptions(value)
  const cache = new AsposeCache()
  await cache.start(loadProgram(options, place, cache), options)
  return cache
}

export async function loadProgram(
  options: Options,
  place: Place,
  cache: { listener: Listener },
): Promise<Program> {
  const { wasmURL, wasmModule, settings } = options
  if (typeof WebAssembly !== 'object') throw failed('this environment has no WebAssembly')
  if (!wasmModule && !inBrowser())
    throw failed('asposeCache runs in browsers; without a `wasmModule` it does not load in other places')
  const module = wasmModule ?? (await compile(wasmURL, place))
  let program: Program
  try {
    program = await Program.start(
      module,
      settings.cacheFolder,
      diskOf(module, options, place),
      cache.listener,
    )
  } catch (error) {
    const hint = isForbidden(error) ? `; ${permission}` : '' // WebKit refuses it here
    throw failed(`the program did not start: ${message(error)}${hint}`, error)
  }
  if (program.version !== VERSION) {
    const versions = `the program is version ${program.version}, the script version ${VERSION}`
    await program.close()
    throw failed(`${versions}: serve files of one build`)
  }
  return program
}

/** What the disk can lie on, with workers that are not started yet. In a worker no other is of use. */
function diskOf(
  program: WebAssembly.Module,
  { diskStore, diskWorker, workerURL }: Options,
  place: Place,
): Disk {
  const worker = (work: Work) => {
    if (typeof diskWorker === 'function') return new DiskWorker(work, diskWorker)
    if (!diskWorker || typeof window === 'undefined' || typeof Worker === 'undefined') return
    return new DiskWorker(
      work,
      () => new Worker(workerURL ?? place.workerURL(), { name: 'asposeCache disk' }),
    )
  }
  return { diskStore, diskWorker: worker(program), files: filesIn(worker('files')) }
}

async function compile(wasmURL: string | URL | undefined, place: Place): Promise<WebAssembly.Module> {
  let url: string | URL = 'asposecache.wasm'
  let failing = 'found'
  let served = ''
  let response: Response | undefined
  try {
    url = wasmURL ?? place.url()
    failing = 'fetched'
    response = await fetch(url, { credentials: 'same-origin' })
    if (!response.ok) throw new Error(`HTTP status ${response.status}`)
    failing = 'compiled'
    if (isWasm(response)) return await WebAssembly.compileStreaming(response)
    served = `; it is served as "${response.headers.get('content-type') ?? ''}"`
    const module = await WebAssembly.compile(await response.arrayBuffer())
    console.warn(`asposeCache: ${url}${served}; with "application/wasm" it would start sooner`)
    return module
  } catch (error) {
    const elsewhere = wasmURL
      ? 'wasmURL says where the program is'
      : `if the program is elsewhere, write ${place.line}`
    const hint = hintFor(error, failing === 'fetched' && !response, elsewhere)
    throw failed(`${url} could not be ${failing}: ${message(error)}${served}; ${hint}`, error)
  }
}

const permission = `the page's Content-Security-Policy must allow 'wasm-unsafe-eval' in script-src`

const isForbidden = (error: unknown) => /unsafe-eval|CSP/.test(message(error))

/** What can be done where the program could not be had. Where there was no answer, the browser does not say why. */
function hintFor(error: unknown, unanswered: boolean, elsewhere: string): string {
  if (isForbidden(error)) return permission
  if (!unanswered) return elsewhere
  if (globalThis.location?.protocol === 'file:')
    return 'browsers fetch nothing for a page at a file: address, so it has to come from a server'
  return `${elsewhere}; a Content-Security-Policy must have its address in connect-src, and a server of another origin must allow this one (CORS)`
}

/** What browsers compile while it arrives; they are strict about it. */
function isWasm(response: Response): boolean {
  return response.headers.get('content-type')?.trim().toLowerCase() === 'application/wasm'
}

function failed(what: string, cause?: unknown): CacheError {
  return new CacheError('CACHE_LOAD_FAILED', `asposeCache could not be loaded: ${what}`, { cause })
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
