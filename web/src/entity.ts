import { allocateKeys, callKeys, type Options, optionsFrom, signals, wrong } from './arguments'
import type * as api from './asposecache'
import type { Answer, Given, OnEntity, Operations } from './border'
import type { DebugViews } from './debug-views'
import { disposable } from './disposal'
import { closedError, disposedError } from './errors'
import type { Program } from './program'

/** What JavaScript knows of an allocation or a surface and the program does not. */
export interface Info {
  label: string
  role: api.CacheEntity['role']
  createdAt: number
  stack: string | undefined
}

/** What the cache does for what it has made. */
export interface Owner {
  readonly program: Program
  readonly debugViews: DebugViews | undefined
  /** The histories that are not disposed of, by number. */
  readonly histories: Map<number, WeakRef<api.CacheHistory>>
  /** What is to be known of something that is made now. */
  info(label: string | undefined, role: Info['role']): Info
  /** Makes an object of what the program has made. */
  attach<E extends CacheEntity>(kind: Kind<E>, id: number, info: Info): E
  detach(entity: CacheEntity): void
}

export type Kind<E extends CacheEntity> = new (owner: Owner, id: number, info: Info) => E

/** The inside of an entity, which its users do not see. */
export class Handle {
  readonly owner: Owner
  readonly program: Program
  readonly id: number
  readonly #entity: CacheEntity
  /** What it was when it was disposed of. */
  last: { size: number; medium: api.Medium; width: number; height: number } | undefined

  constructor(owner: Owner, id: number, entity: CacheEntity) {
    this.owner = owner
    this.program = owner.program
    this.id = id
    this.#entity = entity
  }

  get disposed(): boolean {
    return this.last !== undefined || this.program.over
  }

  /** Checks the options, and whether the call can be made at all. */
  call(options: unknown, known: readonly string[] = callKeys): Options {
    const call = optionsFrom(options, known)
    this.check(call)
    return call
  }

  /** Whether a call with these options can be made at all. */
  check({ signal }: Options): void {
    if (this.program.over) throw this.program.end ?? closedError()
    if (this.last) throw disposedError()
    signals.throwIfAborted(signal)
  }

  begin<N extends OnEntity>(name: N, call: Options, ...given: Given<N>): Answer<N> {
    const args = [this.id, call.onProgress !== undefined, ...given] as unknown as Parameters<Operations[N]>
    return this.program.begin(name, call, this.#entity, ...args)
  }

  /** The handle of another entity of the same kind and instance, given as an argument. */
  other(name: string, value: unknown, kind: Kind<CacheEntity>): Handle {
    return handleIn(this.owner, name, value, kind)
  }

  /** Shares the pages with a new entity. */
  async snapshot<E extends CacheEntity>(kind: Kind<E>, options: unknown): Promise<E> {
    const call = this.call(options, allocateKeys)
    const info = this.owner.info(call.label, 'history')
    const id = await this.begin('snapshot', call)
    return this.owner.attach(kind, id, info)
  }

  async restore(kind: Kind<CacheEntity>, from: unknown, options: unknown): Promise<void> {
    const other = this.other('from', from, kind)
    if (other.last) throw disposedError()
    await this.begin('restore', this.call(options, ['signal']), other.id)
  }
}

/** The handle of an entity. Throws for anything else. */
export let handleOf: (entity: CacheEntity) => Handle

/** The handle of an entity that was given as an argument: of a kind, and of the same instance. */
export function handleIn(owner: Owner, name: string, value: unknown, kind: Kind<CacheEntity>): Handle {
  const handle = value instanceof kind ? handleOf(value) : undefined
  if (handle?.program !== owner.program) throw notOurs(name, value, 'one of the same kind and instance')
  return handle
}

/** What every copy of this script knows its handles by, and those of others. */
const made = Symbol.for('asposecache')

/** The error for what is no handle that is allowed. */
export function notOurs(name: string, value: unknown, allowed: string): TypeError {
  const own = value instanceof CacheEntity
  if (!own && !(typeof value === 'object' && value !== null && made in value))
    return wrong(name, value, allowed)
  const whose = own ? 'of another instance or kind' : 'made by another copy of asposecache'
  const hint = own ? '' : '; see that the page loads asposecache once'
  return new TypeError(`${name}: a handle ${whose} was given, allowed is ${allowed}${hint}`)
}

/** What allocations and surfaces have in common. See the types for what each member does. */
export class CacheEntity implements api.CacheEntity {
  readonly id: number
  readonly label: string
  readonly role: api.CacheEntity['role']
  /**
   * A function, and a property of its own: so whoever posts or clones an entity gets a DataCloneError, and not
   * a hollow copy.
   */
  readonly dispose = dispose
  readonly #handle: Handle

  static {
    handleOf = (entity) => entity.#handle
    disposable(CacheEntity, { dispose: free, asyncDispose: dispose })
    Object.defineProperty(CacheEntity.prototype, made, { value: true })
  }

  constructor(owner: Owner, id: number, { label, role }: Info) {
    this.id = id
    this.label = label
    this.role = role
    this.#handle = new Handle(owner, id, this)
  }

  get size(): number {
    const { last, disposed, program } = this.#handle
    return disposed ? (last?.size ?? 0) : program.size(this.id)
  }

  get medium(): api.Medium {
    const { last, disposed, program } = this.#handle
    if (disposed) return last?.medium ?? 'memory'
    return program.isOnDisk(this.id) ? 'disk' : 'memory'
  }

  get memoryBytes(): number {
    return this.disposed ? 0 : this.#handle.program.held(this.id, 0)
  }

  get diskBytes(): number {
    return this.disposed ? 0 : this.#handle.program.held(this.id, 1)
  }

  get disposed(): boolean {
    return this.#handle.disposed
  }

  async moveToDisk(options?: api.CallOptions): Promise<void> {
    await this.#handle.begin('moveToDisk', this.#handle.call(options))
  }

  async moveToMemory(options?: api.CallOptions): Promise<void> {
    await this.#handle.begin('moveToMemory', this.#handle.call(options))
  }

  async flush(options?: api.CallOptions): Promise<void> {
    await this.#handle.begin('flush', this.#handle.call(options))
  }
}

function free(this: CacheEntity): void {
  if (this.disposed) return
  const handle = handleOf(this)
  const { program, owner } = handle
  const { size, medium, width = 0, height = 0 } = this as CacheEntity & Partial<api.CacheSurface>
  handle.last = { size, medium, width, height }
  program.dispose(this.id)
  owner.detach(this)
}

async function dispose(this: CacheEntity): Promise<void> {
  free.call(this)
}
