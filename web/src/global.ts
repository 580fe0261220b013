import { AsposeCache } from './cache'
import { CacheError, CacheFullError } from './errors'
import { loadOptions, loadProgram } from './load'
import { CacheType, defaultSettings } from './settings'

/** Where this script is, and what its tag says: known only while it runs for the first time. */
const script = document.currentScript as HTMLScriptElement | null
const wasmURL = script?.dataset.wasmUrl
const besideScript = () => new URL('./asposecache.wasm', script?.src ?? document.baseURI)

/** The instance of a page that uses a script tag: it is there at once, and loads behind the scenes. */
class GlobalAsposeCache extends AsposeCache {
  readonly CacheType = CacheType
  readonly CacheError = CacheError
  readonly CacheFullError = CacheFullError
  /** Resolves when the program has started; rejects when it could not be loaded. */
  ready: Promise<void>

  constructor() {
    super(defaultSettings, false)
    this.ready = this.#load({ wasmURL, wasmModule: undefined })
  }

  /** Tries again, after loading has failed. */
  load(value?: unknown): Promise<void> {
    let options: ReturnType<typeof loadOptions>
    try {
      options = loadOptions(value)
    } catch (error) {
      return Promise.reject(error)
    }
    this.ready = this.#load({ ...options, wasmURL: options.wasmURL ?? wasmURL })
    return this.ready
  }

  #load(options: Pick<ReturnType<typeof loadOptions>, 'wasmURL' | 'wasmModule'>): Promise<void> {
    const settings = this.settings
    const ready = this.start(loadProgram({ ...options, settings }, besideScript, this))
    ready.catch((error) => console.error(error))
    return ready
  }
}

Object.defineProperty(globalThis, 'asposeCache', {
  value: new GlobalAsposeCache(),
  writable: true,
  configurable: true,
  enumerable: true,
})
