// asposeCache, with everything on disk: a tile is a range of one allocation.

/** @param {{ size: number, total: number, on?: import('../../../src/asposecache.js').LoadOptions }} options size of a tile, of all; options of loading */
export async function open({ size, total, on }) {
  const { loadAsposeCache } = await import('/asposecache.js')
  const cache = await loadAsposeCache({ ...on, settings: { cacheType: 'cacheOnDiskOnly' } })
  const allocation = await cache.allocate(total)
  const target = new Uint8Array(size)
  return {
    put: (i, tile) => allocation.write(tile, i * size),
    flush: () => cache.flush(),
    async get(i) {
      await allocation.readInto(target, i * size)
      return target
    },
    close() {
      const { store, thread } = cache.statistics().disk
      if (
        store !== (on?.diskStore ?? 'indexedDB') ||
        thread !== (on?.diskWorker === false ? 'page' : 'worker')
      )
        throw new Error(`this was ${store} in the ${thread}`)
      return cache.close()
    },
  }
}
