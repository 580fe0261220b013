import { object, onlyKeys, wrong } from './arguments'
import type * as api from './asposecache'
import { AsposeCache } from './cache'
import { CacheError } from './errors'
import { type Listener, Program } from './program'
import { changed, defaultSettings } from './settings'

const known = ['wasmURL', 'wasmModule', 'settings', 'captureStacks']

/** The options of loading, checked. */
export interface Options {
  wasmURL: string | URL | undefined
  wasmModule: WebAssembly.Module | undefined
  settings: Readonly<api.CacheSettings>
  captureStacks: boolean
}

export function loadOptions(value: unknown): Options {
  const options = object('options', value)
  onlyKeys('options', options, known)
  const { wasmURL, wasmModule, captureStacks } = options
  if (wasmURL !== undefined && typeof wasmURL !== 'string' && !(wasmURL instanceof URL))
    throw wrong('options.wasmURL', wasmURL, 'a string or a URL')
  if (wasmModule !== undefined && !(wasmModule instanceof WebAssembly.Module))
    throw wrong('options.wasmModule', wasmModule, 'a WebAssembly.Module')
  if (captureStacks !== undefined && typeof captureStacks !== 'boolean')
    throw wrong('options.captureStacks', captureStacks, 'true or false')
  return {
    wasmURL,
    wasmModule,
    settings: changed(defaultSettings, options.settings),
    captureStacks: captureStacks ?? false,
  }
}

/** Loads an instance. `defaultURL` is only asked for where the options do not say. */
export async function load(value: unknown, defaultURL: () => URL): Promise<AsposeCache> {
  const options = loadOptions(value)
  const cache = new AsposeCache(options.settings, options.captureStacks)
  await cache.start(loadProgram(options, defaultURL, cache))
  return cache
}

export async function loadProgram(
  { wasmURL, wasmModule, settings }: Pick<Options, 'wasmURL' | 'wasmModule' | 'settings'>,
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
    const hint = /unsafe-eval|Content Security Policy|Refused to compile/i.test(message(error))
      ? `; the page's Content-Security-Policy must allow 'wasm-unsafe-eval' in script-src`
      : ''
    throw failed(`${url} could not be compiled: ${message(error)}${hint}`, error)
  }
}

function isWasm(response: Response): boolean {
  const type = response.headers.get('content-type')?.split(';')[0]
  return type?.trim().toLowerCase() === 'application/wasm'
}

function failed(what: string, cause?: unknown): CacheError {
  return new CacheError('CACHE_LOAD_FAILED', `asposeCache could not be loaded: ${what}`, { cause })
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
