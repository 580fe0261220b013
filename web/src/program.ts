import { type Options, report, signals } from './arguments'
import type { CacheStatistics, Rect } from './asposecache'
import type { Answer, Id, Operations, Requests } from './border'
import { soon } from './clock'
import { busy, CacheError, type CacheFullError, type ErrorDescription, errorFrom } from './errors'
import { Execution } from './execution'
import { Pages } from './pages'
import { type Disk, type Dropped, type Host, type Runtime, startRuntime } from './runtime'

interface Pending {
  resolve(value: unknown): void
  reject(reason: unknown): void
  options: Options
  onAbort?: () => void
  /** Keeps an allocation from being garbage collected while a call on it waits. */
  keep: unknown
  lent: Lent | undefined
}

/** An array in the arguments of a call, which the program keeps for longer than the call takes. */
interface Lent {
  data: Uint8Array | undefined
}

/**
 * Another view of the same bytes, for one call. What the program refers to is known by the object, so that this one can
 * be forgotten after the call, whatever other calls have been given of the same array.
 */
const alias = (data: Uint8Array) =>
  data.byteLength > 0 ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : data

/** The numbers of the statistics in the order in which `noStatistics` of cache.ts names them, and where the disk is. */
export interface Statistics extends Pick<CacheStatistics['disk'], 'store' | 'thread'> {
  numbers: number[]
}

/** In the order in which the program numbers them: 0 is none. */
const stores = [null, 'indexedDB', 'opfs'] as const
const threads = [null, 'page', 'worker'] as const

/** What the program reports unasked. */
export interface Listener {
  event(
    kind: string,
    id: number,
    offset: number,
    bytes: number,
    reason: string,
    error: ErrorDescription | null,
    dropped: Dropped | null,
  ): void
  /** A call ends with this error. */
  refused(error: CacheFullError): void
  crashed(error: CacheError): void
}

/** The running Go program: what can be asked of it, and the calls that wait for its answer. */
export class Program {
  readonly version: string
  readonly pages: Pages
  readonly #runtime: Runtime
  readonly #execution: Execution
  readonly #listener: Listener
  readonly #pending = new Map<number, Pending>()
  #lastCall = 0
  #closeCall = 0

  /** Starts the program. Throws when it ends at once. */
  static async start(
    module: WebAssembly.Module,
    cacheFolder: string,
    disk: Disk,
    listener: Listener,
  ): Promise<Program> {
    let program: Program | undefined
    const host: Host = {
      settle: (call, ok, value) => program!.#settle(call, ok, value),
      progress: (call, done, total) => program!.#progress(call, done, total),
      event: (...event) => soon(() => listener.event(...event)),
    }
    const runtime = await startRuntime(module, cacheFolder, host, disk)
    program = new Program(runtime, listener)
    return program
  }

  private constructor(runtime: Runtime, listener: Listener) {
    this.version = runtime.version
    this.#runtime = runtime
    this.#listener = listener
    const onCrash = (error: CacheError) => {
      for (const call of [...this.#pending.keys()]) this.#settleWith(call, (p) => p.reject(error))
      listener.crashed(error)
    }
    this.#execution = new Execution(runtime, onCrash, () => this.pages.letGo())
    this.pages = new Pages(this.#execution, runtime)
  }

  /** Why the program can't be called any more. */
  get end(): CacheError | undefined {
    return this.#execution.end
  }

  /** Whether the program has ended, or will have when what was begun is done. */
  get over(): boolean {
    return this.#execution.over
  }

  /** Calls back when the program can't be called any more, or soon can't. The function that it returns takes that back. */
  whenOver(callback: () => void): () => void {
    return this.#execution.whenOver(callback)
  }

  get memoryBytes(): number {
    return this.end ? 0 : this.#runtime.exports.mem.buffer.byteLength
  }

  /** Takes room in memory; 0 when that is not possible at once. */
  allocate(size: number): number {
    return this.#execution.guard(() => this.#runtime.exports.allocate(size))
  }

  dispose(id: number): void {
    this.#execution.guard(() => this.#runtime.exports.dispose(id))
    this.#execution.wake()
  }

  allocated(medium: 0 | 1): number {
    return this.#execution.look(() => this.#runtime.exports.allocated(medium))
  }

  /** The statistics: their numbers, one after the other, and where the disk is, as far as it is anywhere. */
  statistics(): Statistics {
    const address = this.#execution.look(() => this.#runtime.exports.statistics())
    const numbers = [...new Float64Array(this.#runtime.exports.mem.buffer, address, 22)]
    const [store, thread] = numbers.splice(20)
    return { numbers, store: stores[store!] ?? null, thread: threads[thread!] ?? null }
  }

  size(id: number): number {
    return this.#execution.look(() => this.#runtime.exports.size(id))
  }

  /** In pixels; 0 for what is no surface. */
  width(id: number): number {
    return this.#execution.look(() => this.#runtime.exports.width(id))
  }

  height(id: number): number {
    return this.#execution.look(() => this.#runtime.exports.height(id))
  }

  isOnDisk(id: number): boolean {
    return this.#execution.look(() => this.#runtime.exports.medium(id)) === 1
  }

  held(id: number, medium: 0 | 1): number {
    return this.#execution.look(() => this.#runtime.exports.held(id, medium))
  }

  /** Another number whenever what the entries of a history tell has changed. */
  historyRevision(history: number): number {
    return this.#execution.look(() => this.#runtime.exports.historyRevision(history))
  }

  /** Whether there is an entry after the current one, or before it. */
  historyCan(history: number, by: 1 | -1): boolean {
    return this.#execution.look(() => this.#runtime.exports.historyCan(history, by)) === 1
  }

  /** Copies bytes into an allocation on disk, or answers false when that is not possible at once. */
  writeNow(id: number, offset: number, source: Uint8Array): boolean {
    return this.#now(source, (n) => this.#runtime.exports.writeNow(id, offset, n))
  }

  /**
   * Copies bytes out of an allocation on disk into `target`, or answers false when they are not in
   * memory by chance.
   */
  readNow(id: number, offset: number, target: Uint8Array): boolean {
    return this.#now(target, (n) => this.#runtime.exports.readNow(id, offset, n))
  }

  #now(data: Uint8Array, call: (n: number) => number): boolean {
    const lent = (this.#runtime.lending.data = alias(data))
    const done = this.#execution.guard(() => call(lent.byteLength)) === 1
    this.#runtime.lending.data = undefined
    this.#runtime.forget(lent)
    this.#execution.wake()
    return done
  }

  /**
   * Does what an allocation can do at once. `ask` asks the program where that was not possible: it throws why, unless
   * room was made. `length` is that of an array that was to be made.
   */
  atOnce<T>(attempt: () => T, ask: () => void, length = 0): T {
    let done = attempt()
    if (!done) {
      ask()
      done = attempt()
    }
    if (!done) {
      if (length > 0 && !this.pages.newArray(length)) this.request('refuse', length)
      throw busy()
    }
    return done
  }

  /** Throws why a range can't be had at once, or makes room for it. */
  access(id: Id, offset: number, n: number, forWriting = false): void {
    this.request('access', id, forWriting, offset, n)
  }

  accessRect(id: Id, { x, y, width, height }: Rect, forWriting: boolean): void {
    this.request('accessRect', id, forWriting, x, y, width, height)
  }

  /** Asks for something that is answered at once. */
  request<N extends keyof Requests>(name: N, ...args: Parameters<Requests[N]>): ReturnType<Requests[N]> {
    const { answer, error } = this.#execution.guard(() => this.#runtime.call(name, ...args))!
    if (error) throw this.#failure(error)
    return answer as ReturnType<Requests[N]>
  }

  /** Begins a call that takes time. `keep` lives as long as it waits. */
  begin<N extends keyof Operations>(
    name: N,
    options: Options,
    keep: unknown,
    ...args: Parameters<Operations[N]>
  ): Answer<N> {
    return new Promise((resolve: (value: never) => void, reject) => {
      const { signal } = options
      if (signal && signals.aborted(signal)) return reject(signals.reason(signal))
      const call = ++this.#lastCall
      const pending: Pending = { resolve, reject, options, keep, lent: undefined }
      const given = args.map((value) =>
        value instanceof Uint8Array ? (pending.lent = { data: alias(value) }) : value,
      )
      this.#pending.set(call, pending)
      if (signal) {
        pending.onAbort = () => {
          if (this.#execution.lent) soon(() => pending.onAbort?.())
          else if (!this.end) this.request('abort', call)
        }
        signals.listen(signal, pending.onAbort)
      }
      try {
        const begun = this.#execution.guard(() =>
          this.#runtime.call(name, call, signal !== undefined, ...given),
        )
        if (begun?.error) throw this.#failure(begun.error)
      } catch (error) {
        this.#settleWith(call, (p) => p.reject(error))
      }
    })
  }

  /** Ends the program: disposes of everything, finishes what was begun, removes what is stored. */
  async close(): Promise<void> {
    this.#execution.check()
    this.#execution.closing()
    this.#closeCall = this.#lastCall + 1
    const { workersEnded } = this.#runtime
    await this.begin('close', {}, undefined)
    await workersEnded()
  }

  #settle(call: number, ok: boolean, value: unknown) {
    if (call === this.#closeCall) this.#execution.closed()
    // Not at once: the program is in the middle of something, and settling may run the caller's code.
    soon(() => {
      this.#forgetAnswer(value)
      this.#settleWith(call, ({ resolve, reject, options }) =>
        ok ? resolve(value) : reject(this.#failure(value as ErrorDescription, options.signal)),
      )
    })
  }

  /** An answer is a value, an array, or an object with one. */
  #forgetAnswer(answer: unknown) {
    if (typeof answer !== 'object' || answer === null) return
    this.#runtime.forget(answer)
    if ('data' in answer) this.#forgetAnswer(answer.data)
  }

  /**
   * Makes the error that a call ends with. A refusal is told here and nowhere else, so there are as many events as
   * callers who are refused: what was tried before another way was found tells nothing.
   */
  #failure(description: ErrorDescription, signal?: AbortSignal): unknown {
    const error = errorFrom(description, signal)
    if (description.kind === 'full') soon(() => this.#listener.refused(error as CacheFullError))
    return error
  }

  #settleWith(call: number, settle: (pending: Pending) => void) {
    const pending = this.#pending.get(call)
    if (!pending) return
    this.#pending.delete(call)
    const { lent } = pending
    if (lent?.data) {
      this.#runtime.forget(lent.data)
      lent.data = undefined
    }
    const { signal } = pending.options
    if (signal && pending.onAbort) signals.unlisten(signal, pending.onAbort)
    settle(pending)
  }

  #progress(call: number, done: number, total: number) {
    const pending = this.#pending.get(call)
    if (pending) report(pending.options, done, total)
  }
}
