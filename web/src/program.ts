import wasmExec, { type GoRuntime } from 'wasm-exec'
import { type CallOptions, report, signals } from './arguments'
import { CacheError, closedError, type ErrorDescription, errorFrom } from './errors'
import { canGrowTo } from './memory'

/** What the program exports; the numbers are bytes and allocations. See jsbridge/exports.go. */
interface Exports {
  mem: WebAssembly.Memory
  allocate(size: number): number
  dispose(id: number): void
  access(id: number, offset: number, length: number, forWriting: 0 | 1): number
  chunk(id: number, offset: number): number
  allocated(medium: number): number
  size(id: number): number
  medium(id: number): number
  held(id: number, medium: number): number
}

type Call = (
  name: string,
  ...args: unknown[]
) => { answer: unknown; error: ErrorDescription | null } | undefined

interface Pending {
  resolve(value: unknown): void
  reject(reason: unknown): void
  options: CallOptions
  onAbort?: () => void
  /** Keeps an allocation from being garbage collected while a call on it waits. */
  keep: unknown
}

/** What the program reports unasked. */
export interface Listener {
  event(kind: string, id: number, offset: number, bytes: number, error: ErrorDescription | null): void
  crashed(error: CacheError): void
}

/**
 * The running Go program: the only place that calls it, answers its calls, and notices its end.
 *
 * Its memory can grow whenever it runs, which detaches every view that was made before: their length is
 * then 0. So the view of it is looked at anew after each call.
 */
export class Program {
  readonly version: string
  readonly pageSize: number
  readonly #go: GoRuntime
  readonly #exitCode: () => number
  readonly #exports: Exports
  readonly #call: Call
  readonly #listener: Listener
  readonly #pending = new Map<number, Pending>()
  readonly #onExit: Array<() => void>
  #lastCall = 0
  #waking = false
  #end: CacheError | undefined
  #closing = false
  #cleanedUp = false
  #closeCall = 0
  #view = new Uint8Array(0)
  /** Whether the user's code has a view of the memory now. */
  #lent = false

  /** Starts the program. Throws when it ends at once. */
  static async start(module: WebAssembly.Module, cacheFolder: string, listener: Listener): Promise<Program> {
    let memory: WebAssembly.Memory | undefined
    let program: Program | undefined
    let started: { version: string; call: Call; pageSize: number } | undefined
    const onExit: Array<() => void> = []
    const host = {
      cacheFolder,
      onExit,
      started(version: string, call: Call, pageSize: number) {
        started = { version, call, pageSize }
      },
      settle: (call: number, ok: boolean, value: unknown) => program!.#settle(call, ok, value),
      progress: (call: number, done: number, total: number) => program!.#progress(call, done, total),
      event: (kind: string, id: number, offset: number, bytes: number, error: ErrorDescription | null) =>
        queueMicrotask(() => listener.event(kind, id, offset, bytes, error)),
      mayGrow: (bytes: number) => canGrowTo((memory?.buffer.byteLength ?? 0) + bytes),
      nextTask,
    }
    const Go = wasmExec(scopeFor(host))
    const go = new Go()
    let exitCode = 0
    go.exit = (code) => {
      exitCode = code
    }
    const instance = await WebAssembly.instantiate(module, go.importObject)
    memory = instance.exports.mem as WebAssembly.Memory | undefined
    let why: unknown
    go.run(instance)
      .catch((error) => {
        why = error
      })
      .then(() => {
        if (program) program.#hasExited(why)
      })
    if (!started) {
      await Promise.resolve() // until it is known why
      throw why ?? new Error(`it ended at its start, with exit code ${exitCode}`)
    }
    // An exception that leaves the program has cut it off in the middle, whoever called it.
    const resume = go._resume.bind(go)
    go._resume = () => {
      try {
        resume()
      } catch (error) {
        if (!program) throw error
        program.#crash(String(error))
      }
    }
    program = new Program(
      go,
      () => exitCode,
      instance.exports as unknown as Exports,
      started,
      listener,
      onExit,
    )
    return program
  }

  private constructor(
    go: GoRuntime,
    exitCode: () => number,
    exports: Exports,
    started: { version: string; call: Call; pageSize: number },
    listener: Listener,
    onExit: Array<() => void>,
  ) {
    this.#go = go
    this.#exitCode = exitCode
    this.#exports = exports
    this.#call = started.call
    this.version = started.version
    this.pageSize = started.pageSize
    this.#listener = listener
    this.#onExit = onExit
  }

  /** Why the program can't be called any more. */
  get end(): CacheError | undefined {
    return this.#end
  }

  /** Whether the program has ended, or will have when what was begun is done. */
  get over(): boolean {
    return this.#end !== undefined || this.#closing
  }

  get memoryBytes(): number {
    return this.#end ? 0 : this.#exports.mem.buffer.byteLength
  }

  /** Takes room in memory; 0 when that is not possible at once. */
  allocate(size: number): number {
    return this.#guard(() => this.#exports.allocate(size))
  }

  dispose(id: number): void {
    this.#guard(() => this.#exports.dispose(id))
    this.#wake()
  }

  allocated(medium: 0 | 1): number {
    return this.#guard(() => this.#exports.allocated(medium))
  }

  size(id: number): number {
    return this.#guard(() => this.#exports.size(id))
  }

  isOnDisk(id: number): boolean {
    return this.#guard(() => this.#exports.medium(id)) === 1
  }

  held(id: number, medium: 0 | 1): number {
    return this.#guard(() => this.#exports.held(id, medium))
  }

  /**
   * Copies bytes out of an allocation in memory, into `target` or an array of their own. Answers
   * `undefined` when that is not possible at once.
   */
  copyOut(id: number, offset: number, n: number): Uint8Array<ArrayBuffer> | undefined
  copyOut(id: number, offset: number, n: number, target: Uint8Array): Uint8Array | undefined
  copyOut(id: number, offset: number, n: number, target?: Uint8Array) {
    let address = this.#access(id, offset, n, 0)
    if (address === 0) return
    const into = target ?? this.#newArray(n)
    if (!into) return
    for (let at = 0; at < n;) {
      if (at > 0) address = this.#chunk(id, offset + at)
      const length = this.#chunkLength(offset + at, n - at)
      into.set(this.#memory.subarray(address, address + length), at)
      at += length
    }
    return into
  }

  /** An array, or `undefined` when JavaScript has no memory for it: the program finds the words. */
  #newArray(n: number): Uint8Array<ArrayBuffer> | undefined {
    try {
      return new Uint8Array(n)
    } catch {
      return
    }
  }

  /** Copies bytes into an allocation in memory, or answers false when that is not possible at once. */
  copyIn(id: number, offset: number, source: Uint8Array): boolean {
    const n = source.byteLength
    let address = this.#access(id, offset, n, 1)
    if (address === 0) return false
    for (let at = 0; at < n;) {
      if (at > 0) address = this.#chunk(id, offset + at)
      const length = this.#chunkLength(offset + at, n - at)
      this.#memory.set(length === n ? source : source.subarray(at, at + length), address)
      at += length
    }
    return true
  }

  /**
   * Hands out the memory of a range, page by page. Nothing of the program may run meanwhile: it could
   * move what the view looks at.
   */
  forEachView(
    id: number,
    offset: number,
    n: number,
    callback: (view: Uint8Array, offset: number) => void,
    forWriting: boolean,
  ) {
    let address = this.#access(id, offset, n, forWriting ? 1 : 0)
    if (address === 0) this.cannotAccess(id, offset, n, forWriting)
    for (let at = 0; at < n;) {
      if (at > 0) address = this.#chunk(id, offset + at)
      const length = this.#chunkLength(offset + at, n - at)
      this.#lent = true
      try {
        callback(this.#memory.subarray(address, address + length), offset + at)
      } finally {
        this.#lent = false
      }
      at += length
    }
  }

  /** Throws why a range can't be had at once. */
  cannotAccess(id: number, offset: number, n: number, forWriting: boolean): never {
    this.request('access', id, offset, n, forWriting)
    throw new CacheError('CACHE_BUSY', 'the allocation is busy')
  }

  /**
   * The address of a range's first byte, or 0 when it can't be had at once. This is #guard without a
   * closure, for the shortest path there is. Addresses come back signed.
   */
  #access(id: number, offset: number, n: number, forWriting: 0 | 1): number {
    this.#check()
    let address: number
    try {
      address = this.#exports.access(id, offset, n, forWriting)
    } catch (error) {
      throw this.#crash(String(error))
    }
    if (this.#go.exited) throw this.#hasExited()
    return address >>> 0
  }

  #chunk(id: number, offset: number): number {
    return this.#guard(() => this.#exports.chunk(id, offset)) >>> 0
  }

  /** How many of `n` bytes from an offset on lie in one page. */
  #chunkLength(offset: number, n: number): number {
    return Math.min(n, this.pageSize - (offset % this.pageSize))
  }

  /** All of the program's memory, made anew after it has grown. */
  get #memory(): Uint8Array {
    if (this.#view.byteLength === 0) this.#view = new Uint8Array(this.#exports.mem.buffer)
    return this.#view
  }

  /** Asks for something that is answered at once. */
  request(name: string, ...args: unknown[]): unknown {
    const { answer, error } = this.#guard(() => this.#call(name, ...args))!
    if (error) throw errorFrom(error)
    return answer
  }

  /** Begins a call that takes time. `keep` lives as long as it waits. */
  begin(name: string, options: CallOptions, keep: unknown, ...args: unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const { signal } = options
      if (signal && signals.aborted(signal)) return reject(signals.reason(signal))
      const call = ++this.#lastCall
      const pending: Pending = { resolve, reject, options, keep }
      this.#pending.set(call, pending)
      if (signal) {
        pending.onAbort = () => {
          if (this.#lent) queueMicrotask(() => pending.onAbort?.())
          else if (!this.#end) this.request('abort', call)
        }
        signals.listen(signal, pending.onAbort)
      }
      try {
        const refused = this.#guard(() => this.#call(name, call, signal !== undefined, ...args))?.error
        if (refused) throw errorFrom(refused)
      } catch (error) {
        this.#settleWith(call, (p) => p.reject(error))
      }
    })
  }

  /** Ends the program: disposes of everything, finishes what was begun, removes what is stored. */
  async close(): Promise<void> {
    this.#check()
    this.#closing = true
    this.#closeCall = this.#lastCall + 1
    await this.begin('close', {}, undefined)
  }

  #settle(call: number, ok: boolean, value: unknown) {
    if (call === this.#closeCall) this.#end ??= closedError()
    // Not at once: the program is in the middle of something, and settling may run the caller's code.
    queueMicrotask(() =>
      this.#settleWith(call, ({ resolve, reject, options }) =>
        ok ? resolve(value) : reject(errorFrom(value as ErrorDescription, options.signal)),
      ),
    )
  }

  #settleWith(call: number, settle: (pending: Pending) => void) {
    const pending = this.#pending.get(call)
    if (!pending) return
    this.#pending.delete(call)
    const { signal } = pending.options
    if (signal && pending.onAbort) signals.unlisten(signal, pending.onAbort)
    settle(pending)
  }

  #progress(call: number, done: number, total: number) {
    const pending = this.#pending.get(call)
    if (pending) report(pending.options, done, total)
  }

  #check() {
    if (this.#end) {
      this.#afterCrash()
      throw this.#end
    }
    if (this.#lent) throw new CacheError('CACHE_BUSY', 'the cache was called from inside forEachView')
  }

  /** Calls the program and looks at whether it survived. */
  #guard<T>(call: () => T): T {
    this.#check()
    let answer: T
    try {
      answer = call()
    } catch (error) {
      // Nothing is thrown across the border on purpose; this is JavaScript's stack at its end, and the
      // program has been cut off in the middle of something.
      throw this.#crash(String(error))
    }
    if (this.#go.exited) throw this.#hasExited()
    // The program may also have crashed in an event inside of the call.
    if (this.#end) throw this.#end
    return answer
  }

  /** Answers why it can't be called any more: it was asked to end, or it has crashed. */
  #hasExited(why?: unknown): CacheError {
    const code = this.#exitCode()
    if (!this.#closing || code !== 0) return this.#crash(String(why ?? `exit code ${code}`))
    this.#silence()
    this.#end ??= closedError()
    return this.#end
  }

  /** Lets the program see to what a call left behind; once for all the calls of this task. */
  #wake() {
    if (this.#waking) return
    this.#waking = true
    queueMicrotask(() => {
      this.#waking = false
      if (!this.#end) this.#guard(() => this.#go._resume())
    })
  }

  /** Timers and events that still come for the program would throw, or be waited for without end. */
  #silence() {
    for (const timeout of this.#go._scheduledTimeouts.values()) clearTimeout(timeout)
    this.#go._scheduledTimeouts.clear()
    this.#go._resume = () => {}
  }

  #crash(why: string): CacheError {
    if (this.#end) return this.#end
    const error = new CacheError('CACHE_CRASHED', `the cache's program ended unexpectedly: ${why}`)
    this.#end = error
    this.#afterCrash()
    return error
  }

  /**
   * Cleans up after a crash: in a task with a stack of its own, for an exhausted stack may be what it has
   * died of. If there is not even room to ask for that, the next call does.
   */
  #afterCrash() {
    const error = this.#end
    if (!error || error.code !== 'CACHE_CRASHED' || this.#cleanedUp) return
    try {
      this.#silence()
      queueMicrotask(() => {
        for (const cleanUp of this.#onExit) {
          try {
            cleanUp()
          } catch {}
        }
        for (const call of [...this.#pending.keys()]) this.#settleWith(call, (p) => p.reject(error))
        this.#listener.crashed(error)
      })
      this.#cleanedUp = true
    } catch {}
  }
}

/**
 * What the program takes for the global object: the real one, but for what the runtime sets or looks
 * for there. So nothing of it is left on the page, and nothing of the page's gets in its way.
 */
function scopeFor(host: object): object {
  const own: Record<PropertyKey, unknown> = {
    __proto__: null,
    asposeCacheHost: host,
    fs: undefined,
    process: undefined,
    path: undefined,
    Go: undefined,
  }
  return new Proxy(own, {
    get: (_, key) => (key in own ? own[key] : Reflect.get(globalThis, key)),
    has: (_, key) => key in own || key in globalThis,
  })
}

/** Calls back in a task of its own, sooner than a timer would. */
function nextTask(callback: () => void) {
  const { port1, port2 } = new MessageChannel()
  port1.onmessage = () => {
    port1.close()
    callback()
  }
  port2.postMessage(null)
}
