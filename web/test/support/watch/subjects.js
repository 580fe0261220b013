// What the calls of scenarios are made on: allocations and surfaces of several sizes, in several places.

/** Sides of surfaces of 4 bytes per pixel; allocations are as large. */
export const sizes = {
  small: { width: 128, height: 128 },
  '24 megapixels': { width: 6000, height: 4000 },
  '100 megapixels': { width: 10_000, height: 10_000 },
}
export const bytesOf = ({ width, height }) => width * height * 4

/** Where it lies: the settings that bring it there, and whether it is written before the calls. */
export const places = {
  'in memory': { settings: () => ({ cacheType: 'cacheInMemoryOnly' }), written: true },
  'on disk, written': { settings: () => ({ cacheType: 'cacheOnDiskOnly' }), written: true },
  'on disk, never written': { settings: () => ({ cacheType: 'cacheOnDiskOnly' }), written: false },
  // Room for one and a half: of two that are used in turn, one is on disk, and history goes there first.
  coldest: {
    settings: (size) => ({ spillPolicy: 'coldest', maxMemoryForCache: Math.ceil(size * 1.5) }),
    written: true,
    two: true,
  },
}

/** Bytes that do not compress, made quickly: a MiB of noise, again and again. */
export function filled(size) {
  const bytes = new Uint8Array(size)
  let x = 2_654_435_761
  for (let i = 0; i < Math.min(size, 1 << 20); i++) {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    bytes[i] = x
  }
  for (let done = 1 << 20; done < size; done *= 2) bytes.copyWithin(done, 0, Math.min(done, size - done))
  return bytes
}

/** Writes all of a surface, a row of tiles after the other, so that no copy of all of it is needed. */
export async function fillSurface(surface) {
  const { width, height, bytesPerPixel } = surface
  const data = filled(width * Math.min(256, height) * bytesPerPixel)
  for (let y = 0; y < height; y += 256) {
    const rows = Math.min(256, height - y)
    const rect = { x: 0, y, width, height: rows }
    await surface.writeRect(rect, data.subarray(0, width * rows * bytesPerPixel))
  }
}

async function fillAllocation(allocation) {
  const piece = filled(Math.min(allocation.size, 8 << 20))
  for (let at = 0; at < allocation.size; at += piece.length)
    await allocation.write(piece.subarray(0, Math.min(piece.length, allocation.size - at)), at)
}

/** What some ways to call need, beside the entities: how it comes to be, one for each entity, and how it ends. */
const needs = {
  versions: {
    make: (s, entity) => entity.snapshot(),
    end: (s, version) => version.dispose(),
  },
  /** Histories that are full: with each commit an entry is dropped. They hold no more than is in an entity. */
  histories: {
    async make(s, entity) {
      const history = await s.kit.asposecache.createHistory(entity, { maxEntries: 20, maxBytes: s.size })
      for (let i = 0; i < 20; i++) {
        await s.touch(entity, i)
        await history.commit(`stroke ${i}`)
      }
      return history
    },
    end: (s, history) => history.dispose(),
  },
  /** A cache whose settings may change, and one that the classic script makes: they take long to start, and stay. */
  other: { make: (s) => s.kit.load(), stays: true },
  script: { make: (s) => s.kit.classic(), stays: true },
}

/** A cache and what is allocated in it, of one kind, size and place. */
export class Subject {
  #acquired = new Map()
  #whole

  constructor(kit, kind, sizeName, placeName) {
    const { width, height } = sizes[sizeName]
    this.kit = kit
    this.kind = kind
    this.place = places[placeName]
    this.width = width
    this.height = height
    this.size = bytesOf({ width, height })
    this.all = { x: 0, y: 0, width, height }
    this.piece = filled(64 * 64 * 4)
  }

  async prepare() {
    this.cache = await this.kit.load({ settings: this.place.settings(this.size) })
    this.entities = []
    for (let i = this.place.two ? 2 : 1; i > 0; i--) {
      const entity = await this.make()
      this.entities.push(entity)
      if (this.place.written) {
        await (this.kind === 'CacheSurface' ? fillSurface(entity) : fillAllocation(entity))
        await entity.flush()
      }
    }
  }

  /**
   * Takes what so many more would take, and gives it back: how many versions of a page there are at once depends on the
   * order of calls, and from now on the memory need not grow for it.
   */
  async takeOnce(more) {
    this.whole
    const taken = []
    for (let i = 0; i < more; i++) taken.push(await this.make())
    for (const one of taken) await one.dispose()
  }

  /** Moves all to memory and back, for which the memory has to grow. */
  async moveOnce() {
    for (const entity of this.entities) await entity.moveToMemory()
    for (const entity of this.entities) await entity.moveToDisk()
  }

  async acquire(names) {
    for (const name of names) {
      if (this.#acquired.has(name)) continue
      const made = []
      for (const entity of this.entities) made.push(await needs[name].make(this, entity))
      this.#acquired.set(name, made)
    }
  }

  async release(names) {
    for (const name of names) {
      if (needs[name].stays) continue
      for (const one of this.#acquired.get(name)) await needs[name].end(this, one)
      this.#acquired.delete(name)
    }
  }

  /** What was acquired by this name for the entity whose turn it is. */
  of(name, i) {
    const made = this.#acquired.get(name)
    return made[i % made.length]
  }

  /** As many bytes as there are in all of it. They are made when they are asked for: they are as many. */
  get whole() {
    return (this.#whole ??= filled(this.size))
  }

  /** One of the same kind, size and place. */
  make() {
    const { width, height } = this
    return this.kind === 'CacheSurface'
      ? this.cache.allocateSurface({ width, height })
      : this.cache.allocate(this.size)
  }

  /** The entity whose turn it is. */
  turn(i) {
    return this.entities[i % this.entities.length]
  }

  /** Where the i-th small call reads or writes: all over it, again and again. */
  offset(i) {
    return (i * 104_729) % (this.size - this.piece.length)
  }

  rect(i) {
    return { x: (i * 101) % (this.width - 64), y: (i * 67) % (this.height - 64), width: 64, height: 64 }
  }

  /** Changes a little of an entity, so that it differs from its versions. */
  touch(entity, i) {
    return this.kind === 'CacheSurface'
      ? entity.writeRect(this.rect(i), this.piece)
      : entity.write(this.piece, this.offset(i))
  }
}
