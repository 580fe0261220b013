import { CacheAllocation } from './allocation'
import { bytes, object, onlyKeys, show, wrong } from './arguments'
import type * as api from './asposecache'
import type { Answer, Entries, Operations } from './border'
import { disposable } from './disposal'
import { type CacheEntity, type Handle, handleOf, notOurs } from './entity'
import { disposedError } from './errors'
import { CacheSurface } from './surface'

/** Frees histories that were never disposed of. */
const forgotten = new FinalizationRegistry<() => void>((free) => free())

/** As core.WhenFull numbers them. */
const whenFullNames: unknown[] = ['refuse', 'dropOldest']

/** See the types for what this does. */
export async function createHistory(target: unknown, options?: unknown): Promise<CacheHistory> {
  if (!(target instanceof CacheSurface || target instanceof CacheAllocation))
    throw notOurs('target', target, 'a CacheSurface or a CacheAllocation')
  const given = object('options', options)
  onlyKeys('options', given, ['maxBytes', 'maxEntries', 'whenFull'])
  const { maxBytes = 0, maxEntries = 0, whenFull = 'refuse' } = given
  const most = bytes('options.maxBytes', maxBytes)
  const entries = bytes('options.maxEntries', maxEntries)
  const how = whenFullNames.indexOf(whenFull)
  if (how < 0) throw wrong('options.whenFull', whenFull, whenFullNames.map(show).join(', '))
  const handle = handleOf(target)
  const id = await handle.begin('history', handle.call(undefined), most, entries, how)
  return new CacheHistory(target, handle, id)
}

const none: api.CacheHistory['entries'] = Object.freeze([])

function entriesFrom({ labels, numbers }: Entries): api.CacheHistory['entries'] {
  const all = new Float64Array(numbers.buffer)
  const entries: api.HistoryEntry[] = []
  for (let i = 1, at = 0; i < all.length; i += 3) {
    const label = labels.slice(at, (at += all[i + 2]!))
    const medium = all[i + 1] ? 'disk' : 'memory'
    entries.push(Object.freeze({ label, bytes: all[i]!, current: entries.length === all[0], medium }))
  }
  return Object.freeze(entries)
}

/** See the types for what each member does. */
export class CacheHistory implements api.CacheHistory {
  readonly #target: CacheEntity
  readonly #handle: Handle
  readonly #id: number
  #disposed = false
  /** What the entries were at that revision. */
  #entries = none
  #revision = 0

  static {
    disposable(CacheHistory, {
      asyncDispose() {
        return this.dispose()
      },
    })
  }

  constructor(target: CacheEntity, handle: Handle, id: number) {
    this.#target = target
    this.#handle = handle
    this.#id = id
    const { program, owner } = handle
    owner.histories.set(id, new WeakRef(this))
    const free = () => {
      owner.histories.delete(id)
      if (!program.end) program.request('disposeHistory', id)
    }
    forgotten.register(this, free, this)
  }

  get entries(): api.CacheHistory['entries'] {
    if (this.disposed) return none
    const { program } = this.#handle
    const revision = program.historyRevision(this.#id)
    if (revision !== this.#revision) {
      this.#entries = entriesFrom(program.request('entries', this.#id))
      this.#revision = revision
    }
    return this.#entries
  }

  get canUndo(): boolean {
    return !this.disposed && this.#handle.program.historyCan(this.#id, -1)
  }

  get canRedo(): boolean {
    return !this.disposed && this.#handle.program.historyCan(this.#id, 1)
  }

  get disposed(): boolean {
    return this.#disposed || this.#handle.program.over
  }

  async commit(label = ''): Promise<void> {
    if (typeof label !== 'string') throw wrong('label', label, 'a string')
    await this.#begin('commit', this.#id, label)
  }

  async undo(): Promise<boolean> {
    return this.#begin('step', this.#id, -1)
  }

  async redo(): Promise<boolean> {
    return this.#begin('step', this.#id, 1)
  }

  async goTo(index: number): Promise<boolean> {
    return this.#begin('goTo', this.#id, bytes('index', index))
  }

  /** A property of its own, as that of a CacheEntity, and for the same reason. */
  readonly dispose = async (): Promise<void> => {
    if (this.disposed) return
    this.#handle.program.request('disposeHistory', this.#id)
    this.#handle.owner.histories.delete(this.#id)
    this.#disposed = true
    this.#entries = none
    forgotten.unregister(this)
  }

  #begin<N extends 'commit' | 'step' | 'goTo'>(name: N, ...args: Parameters<Operations[N]>): Answer<N> {
    const { program } = this.#handle
    if (program.end) throw program.end
    if (this.#disposed) throw disposedError()
    return program.begin(name, {}, [this, this.#target], ...args)
  }
}
