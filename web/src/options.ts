import { object, onlyKeys, wrong } from './arguments'
import type * as api from './asposecache'
import { changed, defaultSettings } from './settings'

const known = ['wasmURL', 'wasmModule', 'settings', 'captureStacks']

/** The options of loading, checked. */
export interface Options {
  wasmURL: string | URL | undefined
  wasmModule: WebAssembly.Module | undefined
  settings: Readonly<api.CacheSettings>
  captureStacks: boolean
}

/** Checks the options; settings that they do not have are those of `base`. */
export function loadOptions(value: unknown, base: Readonly<api.CacheSettings> = defaultSettings): Options {
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
    settings: changed(base, options.settings),
    captureStacks: captureStacks ?? false,
  }
}
