// What there is only in the pages of tests and benchmarks: modules that their sites serve, and globals of the demo's
// pages, of the editors' (see painterro.js), of the README's examples, and of the tests themselves.

declare module '*/chai.js' {
  export const assert: any
}

/** It gives no more than the global `Go`. */
declare module '*/wasm_exec.js' {}

declare var Go: any
declare var hackpadfsTiles: any
/** What WebKit has for its own tests. */
declare var TestUtils: { gc(): Promise<void> }

declare var cache: import('../../src/asposecache.js').AsposeCache
declare var surface: import('../../src/asposecache.js').CacheSurface
declare var undoHistory: import('../../src/asposecache.js').CacheHistory
declare var asposeCache: import('../../src/asposecache.js').GlobalAsposeCache

declare var Painterro: any
declare var editor: any
declare var cacheHistory: any
declare var cached: import('../../src/asposecache.painterro.js').CachedHistory
declare var reads: { hold: boolean; waiting: (() => void)[] }
declare var errors: unknown[]
declare function endProgram(): void
declare function digest(): Promise<string>
declare function states(): any[]
declare function imageDataBytes(): number
declare function counters(): [number, number]

declare var done: boolean
declare var said: string[]
declare var steps: import('../../src/asposecache.js').CacheHistory
declare var watched: ReturnType<typeof import('./watch/page.js').watch>
declare var old: any
declare var own: any
declare var puts: number

/** Tests know what kind of element they look for. */
interface ParentNode {
  querySelector(selectors: string): any
}
interface Document {
  getElementById(id: string): any
}

/** And they may look into a result before they know which of the two it is. */
interface PromiseFulfilledResult<T> {
  reason?: undefined
}
interface PromiseRejectedResult {
  value?: undefined
}

interface Window {
  ImageData: typeof ImageData
}
/** There only is such a method in workers. */
interface FileSystemFileHandle {
  createSyncAccessHandle(): Promise<any>
}

declare var FileSystemSyncAccessHandle: any
