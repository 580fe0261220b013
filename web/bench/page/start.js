// How long it takes from a script to the first thing done. Alone in its file, so that nothing else has been
// loaded. Milliseconds.

export const tasks = {
  async asposecache() {
    const start = performance.now()
    const { loadAsposeCache } = await import('/asposecache.js')
    const cache = await loadAsposeCache()
    await cache.allocate(4096)
    const ms = performance.now() - start
    await cache.close()
    return { start: ms }
  },

  /** A Go program that only links go-indexeddb: see bench/linked. */
  async linked() {
    const start = performance.now()
    await import('/wasm_exec.js')
    const go = new globalThis.Go()
    const { instance } = await WebAssembly.instantiateStreaming(fetch('/linked.wasm'), go.importObject)
    const started = new Promise((resolve) => {
      globalThis.linkedStarted = resolve
    })
    go.run(instance)
    await started
    return { start: performance.now() - start }
  },
}
