import { CacheAllocation } from './allocation'
import { allocateKeys, bytes, callKeys, optionsFrom, signals, wrong } from './arguments'
import type * as api from './asposecache'
import type { Id } from './border'
import { soon } from './clock'
import { DebugViews } from './debug-views'
import { rectsFrom, spansFrom } from './difference'
import { disposable } from './disposal'
import { type CacheEntity, handleIn, type Info, type Kind, type Owner } from './entity'
import {
  CacheError,
  type CacheFullError,
  closedError,
  disposedError,
  type ErrorDescription,
  errorFrom,
} from './errors'
import type { Options } from './options'
import type { Program, Statistics } from './program'
import type { Dropped } from './runtime'
import { changed, defaultSettings, read } from './settings'
import { allocateFrom } from './streams'
import { CacheSurface, surfaceArguments, surfaceKeys } from './surface'

/** EventTarget, with the types of the events. */
const Target = EventTarget as new () => Pick<api.AsposeCache, keyof EventTarget>

/** See the types for what each member does. */
export class AsposeCache extends Target implements api.AsposeCache {
  // Made from the table of settings, below.
  declare cacheType: api.CacheTypeName
  declare cacheFolder: string
  declare maxMemoryForCache: number
  declare maxDiskSpaceForCache: number
  declare exactReallocateOnly: boolean
  declare spillPolicy: api.SpillPolicyName

  #settings: Readonly<api.CacheSettings> = defaultSettings
  #captureStacks = false
  #debugViews: DebugViews | undefined
  #loading!: Promise<Program>
  #program: Program | undefined
  #owner!: Owner
  #closing: Promise<void> | undefined
  readonly #live = new Map<number, Info>()
  readonly #leaks = new FinalizationRegistry<number>((id) => this.#leaked(id))
  #quota: api.CacheStatistics['quota'] = null
  #estimating = false
  /** The statistics at the end. */
  #last: object = noStatistics

  static {
    disposable(AsposeCache, {
      asyncDispose() {
        return this.close()
      },
    })
    // Each setting is an accessor property as well.
    for (const name of Object.keys(defaultSettings) as Array<keyof api.CacheSettings>) {
      Object.defineProperty(AsposeCache.prototype, name, {
        get(this: AsposeCache) {
          return this.#settings[name]
        },
        set(this: AsposeCache, value: unknown) {
          if (value === undefined) throw wrong(name, value, 'a value')
          this.#configure({ [name]: value })
        },
        enumerable: true,
        configurable: true,
      })
    }
  }

  /** Takes the program for which calls wait. Resolves when it is ready, with the settings in force. */
  start(loading: Promise<Program>, options: Options): Promise<void> {
    this.#settings = options.settings
    this.#captureStacks = options.captureStacks
    this.#debugViews = options.debugViews ? new DebugViews((detail) => this.#lateWrite(detail)) : undefined
    this.#loading = loading.then((program) => {
      program.request('configure', this.#settings)
      this.#program = program
      this.#owner = this.#ownerFor(program)
      this.#sweep(program)
      return program
    })
    this.#loading.catch(() => {}) // every call that waits is told
    return this.#loading.then(() => {})
  }

  /** What the program reports unasked. */
  readonly listener = {
    event: (
      kind: string,
      id: number,
      offset: number,
      length: number,
      reason: string,
      error: ErrorDescription | null,
      dropped: Dropped | null,
    ) => {
      const label = this.#live.get(id)?.label ?? ''
      const details: Record<string, () => object | undefined> = {
        spill: () => ({ id, label, bytes: length, reason }),
        lost: () => ({ id, label, offset, length }),
        storeerror: () => ({ error: errorFrom(error!) as CacheError }),
        historydropped: () => {
          const history = this.#owner.histories.get(dropped!.history)?.deref()
          return history && { history, id, label, labels: dropped!.labels, bytes: length }
        },
      }
      const detail = details[kind]!()
      if (detail) this.#emit(kind, detail)
    },
    refused: (error: CacheFullError) => this.#emit('full', { error }),
    crashed: (error: CacheError) => {
      this.#live.clear()
      this.#last = noStatistics
      soon(() => this.#emit('crash', { error }))
    },
  }

  get settings(): Readonly<api.CacheSettings> {
    return this.#settings
  }

  async configure(settings: Partial<api.CacheSettings>): Promise<api.CacheSettings> {
    return this.#configure(settings)
  }

  async setDefaults(): Promise<api.CacheSettings> {
    const { cacheFolder, ...others } = defaultSettings
    const fixed = this.#running()?.request('folderIsFixed')
    return this.#configure(fixed ? others : { ...others, cacheFolder })
  }

  #configure(changes: unknown): api.CacheSettings {
    const given = read(changes) // its getters may change settings
    const before = this.#settings
    const settings = changed(before, given)
    const program = this.#running()
    program?.request('configure', settings)
    this.#settings = settings
    if (program && settings.cacheFolder !== before.cacheFolder) this.#sweep(program)
    return { ...settings }
  }

  /** Removes what dead instances have left. Nobody waits for it. */
  #sweep(program: Program) {
    program.begin('sweep', {}, undefined).catch(() => {})
  }

  get allocatedMemoryBytesCount(): number {
    return this.#count(0)
  }

  get allocatedDiskBytesCount(): number {
    return this.#count(1)
  }

  #count(medium: 0 | 1): number {
    return this.#program && !this.#program.end ? this.#program.allocated(medium) : 0
  }

  statistics(): api.CacheStatistics {
    this.#debugViews?.check()
    const program = this.#program
    if (program && !program.end) {
      this.#last = statisticsOf(program.statistics())
      this.#estimate()
    }
    return { ...this.#last, wasmBytes: program?.memoryBytes ?? 0, quota: this.#quota } as api.CacheStatistics
  }

  /** Asks the browser how full it is, for the next statistics. */
  #estimate() {
    const storage = globalThis.navigator?.storage
    if (this.#estimating || !storage?.estimate) return
    this.#estimating = true
    storage
      .estimate()
      .then(({ usage, quota }) => {
        this.#quota = { usage: usage ?? 0, quota: quota ?? 0 }
      })
      .catch(() => {})
      .finally(() => {
        this.#estimating = false
      })
  }

  allocations(): api.AllocationInfo[] {
    const program = this.#program
    if (!program || program.end) return []
    return [...this.#live].map(([id, { label, role, createdAt, stack }]) => ({
      id,
      label,
      size: program.size(id),
      medium: program.isOnDisk(id) ? 'disk' : 'memory',
      memoryBytes: program.held(id, 0),
      diskBytes: program.held(id, 1),
      role,
      createdAt,
      ...(stack === undefined ? {} : { stack }),
    }))
  }

  async allocate(size: number, options?: api.AllocateOptions): Promise<CacheAllocation> {
    const n = bytes('size', size)
    const { label, signal } = optionsFrom(options, allocateKeys)
    const begin = (program: Program) =>
      program.allocate(n) || program.begin('allocate', { signal }, undefined, n)
    return this.#allocate(CacheAllocation, label, signal, begin)
  }

  allocateSync(size: number, options?: { label?: string }): CacheAllocation {
    const n = bytes('size', size)
    const info = this.#info(optionsFrom(options, ['label']).label)
    const program = this.#ready()
    const id = program.allocate(n) || program.request('allocateSync', n)
    return this.#owner.attach(CacheAllocation, id, info)
  }

  async allocateSurface(options: api.SurfaceOptions): Promise<CacheSurface> {
    const given = optionsFrom(options, [...surfaceKeys, ...allocateKeys])
    const { label, signal } = given
    const spec = surfaceArguments(given)
    const begin = (program: Program) => program.begin('allocateSurface', { signal }, undefined, ...spec)
    return this.#allocate(CacheSurface, label, signal, begin)
  }

  allocateSurfaceSync(options: Omit<api.SurfaceOptions, 'signal'>): CacheSurface {
    const given = optionsFrom(options, [...surfaceKeys, 'label'])
    const spec = surfaceArguments(given)
    const info = this.#info(given.label)
    const id = this.#ready().request('allocateSurfaceSync', ...spec)
    return this.#owner.attach(CacheSurface, id, info)
  }

  /** Makes what `begin` asks the program for, under the settings of this moment. */
  async #allocate<E extends CacheEntity>(
    kind: Kind<E>,
    label: string | undefined,
    signal: AbortSignal | undefined,
    begin: (program: Program) => Id | Promise<Id>,
  ): Promise<E> {
    const info = this.#info(label)
    signals.throwIfAborted(signal)
    if (this.#program) return this.#owner.attach(kind, await begin(this.#program), info)
    const settings = this.#settings
    const started = await this.#whenReady(signal)
    const id = this.#under(settings, started, () => begin(started))
    return this.#owner.attach(kind, await id, info)
  }

  difference(a: api.CacheAllocation, b: api.CacheAllocation): Array<{ offset: number; length: number }>
  difference(a: api.CacheSurface, b: api.CacheSurface): api.Rect[]
  difference(a: unknown, b: unknown): unknown {
    const program = this.#ready()
    const kind = a instanceof CacheSurface ? CacheSurface : CacheAllocation
    const [one, other] = [handleIn(this.#owner, 'a', a, kind), handleIn(this.#owner, 'b', b, kind)]
    if (one.last || other.last) throw disposedError()
    const told = program.request('difference', one.id, other.id)
    return kind === CacheSurface ? rectsFrom(told) : spansFrom(told)
  }

  async allocateFrom(
    source: AllowSharedBufferSource | Blob | ReadableStream<Uint8Array>,
    options?: api.AllocateOptions & api.CallOptions,
  ): Promise<CacheAllocation> {
    const { label, ...call } = optionsFrom(options, ['label', ...callKeys])
    return allocateFrom(source, call, (size) => this.allocate(size, { label, signal: call.signal }))
  }

  async flush(): Promise<void> {
    const program = this.#program ?? (await this.#whenReady())
    await program.begin('flushAll', {}, undefined)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close().catch((error) => {
      // It can be tried again, unless it is over.
      if (!this.#program?.end) this.#closing = undefined
      throw error
    })
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#debugViews?.check()
    const program = this.#program ?? (await this.#whenReady())
    const closed = program.close()
    closed.catch(() => {}) // what follows may throw before it is awaited
    // The counters have fallen; what the program says now is what stays.
    if (!program.end) this.#last = statisticsOf(program.statistics())
    this.#live.clear()
    await closed
    const { memory, disk } = this.#last as api.CacheStatistics
    this.#last = {
      ...this.#last,
      memory: { ...memory, occupiedBytes: 0, freeBytes: 0 },
      disk: { ...disk, waitingBytes: 0 },
      queuedBytes: 0,
      copiedBytes: 0,
    }
  }

  /** The program, or `undefined` while it is being loaded. Throws when it is over. */
  #running(): Program | undefined {
    if (this.#program?.end) throw this.#program.end
    if (this.#closing) throw closedError()
    return this.#program
  }

  /** The program, for calls that can't wait for it. */
  #ready(): Program {
    const program = this.#running()
    if (!program) throw new CacheError('CACHE_NOT_READY', 'the cache has not started yet; wait for `ready`')
    return program
  }

  /** Waits for the program, unless the signal ends the wait. With or without one: calls go on in the order they came. */
  #whenReady(signal?: AbortSignal): Promise<Program> {
    return new Promise((resolve, reject) => {
      const abort = () => reject(signals.reason(signal!))
      if (signal) signals.listen(signal, abort)
      this.#loading.then(resolve, reject).finally(() => signal && signals.unlisten(signal, abort))
    })
  }

  /** Makes a call that had to wait for the program under the settings of its own moment. */
  #under<T>(settings: Readonly<api.CacheSettings>, program: Program, call: () => T): T {
    const { cacheFolder } = this.#settings
    program.request('configure', { ...settings, cacheFolder })
    try {
      return call()
    } finally {
      program.request('configure', this.#settings)
    }
  }

  #info(label = '', role: Info['role'] = 'working'): Info {
    const stack = this.#captureStacks ? new Error('allocated here').stack : undefined
    return { label, role, createdAt: Date.now(), stack }
  }

  #ownerFor(program: Program): Owner {
    return {
      program,
      debugViews: this.#debugViews,
      histories: new Map(),
      info: (label, role) => this.#info(label, role),
      attach: (kind, id, info) => {
        const entity = new kind(this.#owner, id, info)
        this.#live.set(id, info)
        this.#leaks.register(entity, id, entity)
        return entity
      },
      detach: (entity) => {
        this.#live.delete(entity.id)
        this.#leaks.unregister(entity)
        this.#debugViews?.check()
      },
    }
  }

  /** Frees what the garbage collector took before it was disposed of, and tells. */
  #leaked(id: number) {
    const info = this.#live.get(id)
    const program = this.#program
    if (!info || !program || program.end) return
    const size = program.size(id)
    this.#live.delete(id)
    program.dispose(id)
    this.#emit('leak', {
      id,
      label: info.label,
      size,
      ...(info.stack === undefined ? {} : { stack: info.stack }),
    })
  }

  /** Tells of a view that was used too late: not at once, for it is noticed inside of another call. */
  #lateWrite(detail: api.CacheEventMap['lateviewwrite']) {
    soon(() => {
      if (!this.#emit('lateviewwrite', detail, true)) return
      const { id, label, offset, length, stack } = detail
      console.error(
        `asposeCache: a view of allocation ${id} ${JSON.stringify(label)}, ${length} bytes from offset ` +
          `${offset} on, was written to after its forEachView had returned. ${stack ?? ''}`,
      )
    })
  }

  /** Answers whether nobody has prevented what is done by default. */
  #emit(type: string, detail: object, cancelable = false): boolean {
    return this.dispatchEvent(new CustomEvent(type, { detail, cancelable }))
  }
}

/** The statistics as the program tells them. */
function statisticsOf({ numbers, store, thread }: Statistics): object {
  const each = numbers.values()
  const filled = (names: object): object =>
    Object.fromEntries(
      Object.entries(names).map(([name, value]) => [
        name,
        typeof value === 'number' ? each.next().value : value && filled(value),
      ]),
    )
  const all = filled(noStatistics) as api.CacheStatistics
  return { ...all, disk: { ...all.disk, store, thread } }
}

/** What the program would say if nothing had happened. Its order is that of jsbridge/exports.go. */
const noStatistics = Object.freeze({
  memory: Object.freeze({ allocations: 0, allocatedBytes: 0, peakBytes: 0, occupiedBytes: 0, freeBytes: 0 }),
  disk: Object.freeze({
    allocations: 0,
    allocatedBytes: 0,
    peakBytes: 0,
    waitingBytes: 0,
    readBytes: 0,
    writtenBytes: 0,
    transactions: 0,
    retries: 0,
    failures: 0,
    store: null,
    thread: null,
  }),
  queuedBytes: 0,
  copiedBytes: 0,
  spills: 0,
  reallocations: 0,
  collector: Object.freeze({ collections: 0, loosened: 0 }),
})
