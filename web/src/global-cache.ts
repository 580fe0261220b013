import type * as api from './asposecache'
import { AsposeCache } from './cache'
import { CacheError, CacheFullError } from './errors'
import { createHistory } from './history'
import { loadProgram } from './load'
import { loadOptions, type Options } from './options'
import { inBrowser, type Place } from './place'
import { CacheType } from './settings'

/** The instance of a page that uses a script tag: it is there at once, and loads behind the scenes. */
class GlobalAsposeCache extends AsposeCache implements api.GlobalAsposeCache {
  readonly CacheType = CacheType
  readonly createHistory = createHistory
  readonly CacheError = CacheError
  readonly CacheFullError = CacheFullError
  /** Resolves when the program has started; rejects when it could not be loaded. */
  ready: Promise<void>
  readonly #place: Omit<Place, 'line'>
  /** What the script's tag says. */
  readonly #wasmURL: string | undefined
  #failed = false

  constructor(place: Omit<Place, 'line'>, wasmURL?: string) {
    super()
    this.#place = place
    this.#wasmURL = wasmURL
    this.ready = this.#load(loadOptions({ wasmURL }))
  }

  /** Tries again after loading has failed; otherwise only the settings are to be set. */
  async load(options?: api.LoadOptions): Promise<void> {
    const checked = loadOptions(options, this.settings)
    if (this.#failed) this.ready = this.#load({ ...checked, wasmURL: checked.wasmURL ?? this.#wasmURL })
    else if (options?.settings) await this.configure(options.settings)
    return this.ready
  }

  #load(options: Options): Promise<void> {
    this.#failed = false
    const place = { ...this.#place, line: `asposeCache.load({ wasmURL: '/asposecache.wasm' })` }
    const ready = this.start(loadProgram(options, place, this), options)
    ready.catch((error) => {
      this.#failed = true
      if (inBrowser()) console.error(error) // a server that renders pages only imports it
    })
    return ready
  }
}

/** Makes `globalThis.asposeCache`, and begins to load it. */
export function install(...where: ConstructorParameters<typeof GlobalAsposeCache>) {
  Object.defineProperty(globalThis, 'asposeCache', {
    value: new GlobalAsposeCache(...where),
    writable: true,
    configurable: true,
    enumerable: true,
  })
}
