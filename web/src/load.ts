import { AsposeCache } from './cache'
import { CacheError } from './errors'
import { loadOptions, type Options } from './options'
import { type Listener, Program } from './program'

/** Loads an instance. `defaultURL` is only asked for where the options do not say. */
export async function load(value: unknown, defaultURL: () => URL): Promise<AsposeCache> {
  const options = loadOptions(value)
  const cache = new AsposeCache()
  await cache.start(loadProgram(options, defaultURL, cache), options)
  return cache
}

export async function loadProgram(
  { wasmURL, wasmModule, settings }: Options,
  defaultURL: () => URL,
  cache: { listener: Listener },
): Promise<Program> {
  if (typeof WebAssembly !== 'object') throw failed('this environment has no WebAssembly')
  if (typeof window === 'undefined' && !('WorkerGlobalScope' in globalThis))
    throw failed('asposeCache runs in browsers; this is neither a page nor a worker')
  const module = wasmModule ?? (await compile(wasmURL ?? defaultURL()))
  let program: Program
  try {
    program = await Program.start(module, settings.cacheFolder, cache.listener)
  } catch (error) {
    throw failed(`the program did not start: ${message(error)}`, error)
  }
  if (program.version !== VERSION) {
    const versions = `the program is version ${program.version}, the script version ${VERSION}`
    await program.close()
    throw failed(`${versions}: serve files of one build`)
  }
  return program
}

async function compile(url: string | URL): Promise<WebAssembly.Module> {
  let response: Response
  try {
    response = await fetch(url, { credentials: 'same-origin' })
  } catch (error) {
    throw failed(`${url} could not be fetched: ${message(error)}`, error)
  }
  if (!response.ok) throw failed(`${url} could not be fetched: HTTP status ${response.status}`)
  try {
    if (isWasm(response)) return await WebAssembly.compileStreaming(response)
    console.warn(
      `asposeCache: ${url} is served as "${response.headers.get('content-type') ?? ''}"; ` +
        'with "application/wasm" it would start sooner',
    )
    return await WebAssembly.compile(await response.arrayBuffer())
  } catch (error) {
    const hint = /unsafe-eval|CSP/.test(message(error))
      ? `; the page's Content-Security-Policy must allow 'wasm-unsafe-eval' in script-src`
      : ''
    throw failed(`${url} could not be compiled: ${message(error)}${hint}`, error)
  }
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
