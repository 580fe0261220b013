import { clearTimeout, soon, type Timeout } from './clock'
import { CacheError, closedError } from './errors'
import { letGo, type Runtime } from './runtime'

/** The life of the program: whether it can be called, how its end is noticed, and what is done then. */
export class Execution {
  readonly #runtime: Runtime
  readonly #onCrash: (error: CacheError) => void
  readonly #onEnd: () => void
  #end: CacheError | undefined
  #closing = false
  #cleanedUp = false
  #waking = false
  readonly #whenOver = new Set<() => void>()
  /** Whether the user's code has a view of the memory now: nothing may run that could move it. */
  lent = false
  /** Counts when the program was let run, or must be asked: as long as it stays the same, nothing has moved. */
  runs = 0

  /** `onEnd` is called when the program has ended in whatever way and its memory was let go of. */
  constructor(runtime: Runtime, onCrash: (error: CacheError) => void, onEnd: () => void) {
    this.#runtime = runtime
    this.#onCrash = onCrash
    this.#onEnd = onEnd
    runtime.ended.then((why) => this.#hasExited(why))
    // An exception that leaves the program has cut it off in the middle, whoever called it.
    const { go } = runtime
    const resume = go._resume.bind(go)
    go._resume = () => {
      this.runs++
      try {
        resume()
      } catch (error) {
        this.crash(error)
      }
    }
  }

  /** Why the program can't be called any more. */
  get end(): CacheError | undefined {
    return this.#end
  }

  /** Whether the program has ended, or will have when what was begun is done. */
  get over(): boolean {
    return this.#end !== undefined || this.#closing
  }

  /** From now on its end is no crash. */
  closing() {
    this.#closing = true
    this.#tellOver()
  }

  /** Calls back when the program can't be called any more, or soon can't. The function that it returns takes that back. */
  whenOver(callback: () => void): () => void {
    if (this.over) soon(callback)
    else this.#whenOver.add(callback)
    return () => void this.#whenOver.delete(callback)
  }

  #tellOver() {
    for (const callback of this.#whenOver) soon(callback)
    this.#whenOver.clear()
  }

  closed() {
    this.#end ??= closedError()
  }

  /** Throws if the program can't be called now. */
  check() {
    if (this.#end) {
      this.#afterCrash()
      throw this.#end
    }
    if (this.lent) throw new CacheError('CACHE_BUSY', 'the cache was called from inside forEachView')
  }

  /** Throws if the program has not survived what it was called for. */
  checkAfter() {
    if (this.#runtime.go.exited) throw this.#hasExited()
    // It may also have crashed in an event inside of the call.
    if (this.#end) throw this.#end
  }

  /** Calls the program and looks at whether it survived. */
  guard<T>(call: () => T): T {
    this.runs++
    return this.look(call)
  }

  /** The same for a call that moves nothing. */
  look<T>(call: () => T): T {
    this.check()
    let answer: T
    try {
      answer = call()
    } catch (error) {
      // Nothing is thrown across the border on purpose; this is JavaScript's stack at its end, and the
      // program has been cut off in the middle of something.
      throw this.crash(error)
    }
    this.checkAfter()
    return answer
  }

  /** Lets the program see to what a call left behind; once for all the calls of this task. */
  wake() {
    if (this.#waking) return
    this.#waking = true
    soon(() => {
      this.#waking = false
      if (!this.#end) this.guard(() => this.#runtime.go._resume())
    })
  }

  /** Notes that the program has crashed, and answers the error that says so. */
  crash(why: unknown): CacheError {
    if (this.#end) return this.#end
    const error = new CacheError('CACHE_CRASHED', `the cache's program ended unexpectedly: ${String(why)}`)
    this.#end = error
    this.#afterCrash()
    return error
  }

  /** Answers why it can't be called any more: it was asked to end, or it has crashed. */
  #hasExited(why?: unknown): CacheError {
    const code = this.#runtime.exitCode()
    const asked = this.#closing && code === 0
    if (!asked && this.#end?.code !== 'CACHE_CLOSED') return this.crash(why ?? `exit code ${code}`)
    this.#silence()
    if (!asked) this.#cleanUp() // it was through, and has crashed then
    this.#end ??= closedError()
    this.#letGo()
    return this.#end
  }

  /** Timers and events that still come for the program would throw, or be waited for without end. */
  #silence() {
    const { go } = this.#runtime
    for (const timeout of go._scheduledTimeouts.values()) clearTimeout(timeout as Timeout)
    go._scheduledTimeouts.clear()
    go._resume = () => {}
  }

  /** Does what the program can't do any more. */
  #cleanUp() {
    for (const cleanUp of this.#runtime.onExit) {
      try {
        cleanUp()
      } catch {}
    }
  }

  /** Lets go of the program and its memory: whoever keeps a handle keeps this. */
  #letGo() {
    this.runs++ // what was found before is gone
    letGo(this.#runtime)
    // As long as nobody has read its stack, V8 keeps all that was on it.
    void this.#end?.stack
    this.#onEnd()
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
      soon(() => {
        this.#cleanUp()
        this.#tellOver()
        this.#onCrash(error)
        this.#letGo()
      })
      this.#cleanedUp = true
    } catch {}
  }
}
