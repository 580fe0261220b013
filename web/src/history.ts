import { CacheAllocation } from './allocation'
import { bytes, object, onlyKeys, wrong } from './arguments'
import type * as api from './asposecache'
import { disposable } from './disposal'
import { type CacheEntity, type Handle, handleOf } from './entity'
import { disposedError } from './errors'
import { CacheSurface } from './surface'

/** Frees histories that were never disposed of. */
const forgotten = new FinalizationRegistry<() => void>((free) => free())

/** See the types for what this does. */
export async function createHistory(target: unknown, options?: unknown): Promise<CacheHistory> {
  if (!(target instanceof CacheSurface || target instanceof CacheAllocation))
    throw wrong('target', target, 'a CacheSurface or a CacheAllocation')
  const given = object('options', options)
  onlyKeys('options', given, ['maxBytes', 'maxEntries'])
  const { maxBytes = 0, maxEntries = 0 } = given
  const bounds = [bytes('options.maxBytes', maxBytes), bytes('options.maxEntries', maxEntries)]
  const handle = handleOf(target)
  const id = (await handle.begin('history', handle.call(undefined), ...bounds)) as number
  return new CacheHistory(target, handle, id)
}

/** See the types for what each member does. */
export class CacheHistory implements api.CacheHistory {
  readonly #target: CacheEntity
  readonly #handle: Handle
  readonly #id: number
  #disposed = false

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
    const { program } = handle
    forgotten.register(this, () => program.end || program.request('disposeHistory', id), this)
  }

  get entries(): api.HistoryEntry[] {
    return this.disposed ? [] : (this.#handle.program.request('entries', this.#id) as api.HistoryEntry[])
  }

  get canUndo(): boolean {
    return this.entries.findIndex(({ current }) => current) > 0
  }

  get canRedo(): boolean {
    const { entries } = this
    return entries.findIndex(({ current }) => current) < entries.length - 1
  }

  get disposed(): boolean {
    return this.#disposed || this.#handle.program.over
  }

  async commit(label = ''): Promise<void> {
    if (typeof label !== 'string') throw wrong('label', label, 'a string')
    await this.#begin('commit', label)
  }

  async undo(): Promise<boolean> {
    return (await this.#begin('step', -1)) as boolean
  }

  async redo(): Promise<boolean> {
    return (await this.#begin('step', 1)) as boolean
  }

  /** A property of its own, as that of a CacheEntity, and for the same reason. */
  readonly dispose = async (): Promise<void> => {
    if (this.disposed) return
    this.#handle.program.request('disposeHistory', this.#id)
    this.#disposed = true
    forgotten.unregister(this)
  }

  #begin(name: string, argument: unknown): Promise<unknown> {
    const { program } = this.#handle
    if (program.end) throw program.end
    if (this.#disposed) throw disposedError()
    return program.begin(name, {}, [this, this.#target], this.#id, argument)
  }
}
