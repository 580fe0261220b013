import { flag, object, onlyKeys, wrong } from './arguments'
import type * as api from './asposecache'
import { changed, defaultSettings, read } from './settings'

const known = [
  'wasmURL',
  'wasmModule',
  'diskStore',
  'diskWorker',
  'workerURL',
  'settings',
  'captureStacks',
  'debugViews',
]

const stores = ['indexedDB', 'opfs', 'auto']

/** The options of loading, checked. */
export interface Options {
  wasmURL: string | URL | undefined
  wasmModule: WebAssembly.Module | undefined
  diskStore: 'indexedDB' | 'opfs' | 'auto'
  diskWorker: boolean | (() => Worker)
  workerURL: string | URL | undefined
  settings: Readonly<api.CacheSettings>
  captureStacks: boolean
  debugViews: boolean
}

/** Checks the options; settings that they do not have are those of `base`. */
export function loadOptions(value: unknown, base: Readonly<api.CacheSettings> = defaultSettings): Options {
  const options = object('options', value)
  onlyKeys('options', options, known)
  const { wasmModule, diskStore = 'indexedDB', diskWorker = true } = options
  const wasmURL = address('wasmURL', options.wasmURL)
  const workerURL = address('workerURL', options.workerURL)
  if (wasmModule !== undefined && !(wasmModule instanceof WebAssembly.Module))
    throw wrong('options.wasmModule', wasmModule, 'a WebAssembly.Module')
  if (!stores.includes(diskStore as string))
    throw wrong('options.diskStore', diskStore, "'indexedDB', 'opfs', or 'auto'")
  if (typeof diskWorker !== 'boolean' && typeof diskWorker !== 'function')
    throw wrong('options.diskWorker', diskWorker, 'true, false, or a function that makes a Worker')
  return {
    wasmURL,
    wasmModule,
    diskStore: diskStore as Options['diskStore'],
    diskWorker: diskWorker as Options['diskWorker'],
    workerURL,
    settings: changed(base, read(options.settings)),
    captureStacks: flag('options.captureStacks', options.captureStacks),
    debugViews: flag('options.debugViews', options.debugViews),
  }
}

function address(name: string, value: unknown): string | URL | undefined {
  if (value === undefined || typeof value === 'string' || value instanceof URL) return value
  throw wrong(`options.${name}`, value, 'a string or a URL')
}
