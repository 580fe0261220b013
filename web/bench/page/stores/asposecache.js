// asposeCache, with everything on disk: a tile is a range of one allocation.

/** @param {{ size: number, total: number }} options size of a tile, of all */
export async function open({ size, total }) {
  const { loadAsposeCache } = await import('/asposecache.js')
  const cache = await loadAsposeCache({ settings: { cacheType: 'cacheOnDiskOnly' } })
  const allocation = await cache.allocate(total)
  const target = new Uint8Array(size)
  return {
    put: (i, tile) => allocation.write(tile, i * size),
    flush: () => cache.flush(),
    async get(i) {
      await allocation.readInto(target, i * size)
      return target
    },
    close: () => cache.close(),
  }
}
