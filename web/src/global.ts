import type * as api from './asposecache'
import { AsposeCache } from './cache'
import { CacheError, CacheFullError } from './errors'
import { createHistory } from './history'
import { loadProgram } from './load'
import { loadOptions, type Options } from './options'
import { CacheType } from './settings'

/** Where this script is, and what its tag says: known only while it runs for the first time. */
const script = document.currentScript as HTMLScriptElement | null
const wasmURL = script?.dataset.wasmUrl
const besideScript = () => new URL('./asposecache.wasm', script?.src ?? document.baseURI)

/** The instance of a page that uses a script tag: it is there at once, and loads behind the scenes. */
class GlobalAsposeCache extends AsposeCache implements api.GlobalAsposeCache {
  readonly CacheType = CacheType
  readonly createHistory = createHistory
  readonly CacheError = CacheError
  readonly CacheFullError = CacheFullError
  /** Resolves when the program has started; rejects when it could not be loaded. */
  ready: Promise<void>
  #failed = false

  constructor() {
    super()
    this.ready = this.#load(loadOptions({ wasmURL }))
  }

  /** Tries again after loading has failed; otherwise there is nothing to do. */
  async load(options?: api.LoadOptions): Promise<void> {
    const checked = loadOptions(options, this.settings)
    if (this.#failed) this.ready = this.#load({ ...checked, wasmURL: checked.wasmURL ?? wasmURL })
    return this.ready
  }

  #load(options: Options): Promise<void> {
    this.#failed = false
    const ready = this.start(loadProgram(options, besideScript, this), options)
    ready.catch((error) => {
      this.#failed = true
      console.error(error)
    })
    return ready
  }
}

Object.defineProperty(globalThis, 'asposeCache', {
  value: new GlobalAsposeCache(),
  writable: true,
  configurable: true,
  enumerable: true,
})
