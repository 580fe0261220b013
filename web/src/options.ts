import { flag, object, onlyKeys, wrong } from './arguments'
import type * as api from './asposecache'
import { changed, defaultSettings } from './settings'

const known = ['wasmURL', 'wasmModule', 'settings', 'captureStacks', 'debugViews']

/** The options of loading, checked. */
export interface Options {
  wasmURL: string | URL | undefined
  wasmModule: WebAssembly.Module | undefined
  settings: Readonly<api.CacheSettings>
  captureStacks: boolean
  debugViews: boolean
}

/** Checks the options; settings that they do not have are those of `base`. */
export function loadOptions(value: unknown, base: Readonly<api.CacheSettings> = defaultSettings): Options {
  const options = object('options', value)
  onlyKeys('options', options, known)
  const { wasmURL, wasmModule } = options
  if (wasmURL !== undefined && typeof wasmURL !== 'string' && !(wasmURL instanceof URL))
    throw wrong('options.wasmURL', wasmURL, 'a string or a URL')
  if (wasmModule !== undefined && !(wasmModule instanceof WebAssembly.Module))
    throw wrong('options.wasmModule', wasmModule, 'a WebAssembly.Module')
  return {
    wasmURL,
    wasmModule,
    settings: changed(base, options.settings),
    captureStacks: flag('options.captureStacks', options.captureStacks),
    debugViews: flag('options.debugViews', options.debugViews),
  }
}
