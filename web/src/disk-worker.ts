import { clearTimeout, now, setTimeout, type Timeout } from './clock'
import type { FileAnswer, FileRequest } from './files'

/** How the worker says that a batch has failed; without a kind it is the worker that has. See jsbridge/idbstore/writer.go. */
export interface Failure {
  op: string
  name: string
  message: string
  kind: number
}

/** A transaction: records under keys, and keys to delete. Numbers are a Float64Array, in bytes. */
export type Batch = [
  call: number,
  database: string,
  keys: Uint8Array,
  records: Uint8Array[],
  deletes: Uint8Array,
]

/** What the worker is for: files, or IndexedDB, which the program does. */
export type Work = 'files' | WebAssembly.Module

/** What the page posts: first what it is for and the version, then batches or requests, or the number of one that is not wanted. */
export type ToWorker =
  | { version: string; work: Work }
  | { batch: Batch }
  | { call: number; ask: FileRequest }
  | { cancel: number }
  | 'alive?' // is to be answered
  | 'end' // it is answered with 'ended' when the database or the file is closed: before that it may not be terminated

/** What the worker posts: first the name of a Web Lock that it holds as long as it lives, if there are any. */
export type FromWorker =
  | { ready: true; lock: string | undefined }
  | 'alive'
  | 'ended'
  | { call: number; failure: Failure | { name: string; message: string } | null; value?: unknown }

type Answer = (
  failure: Failure | { kind?: undefined; name?: string; message?: string } | null,
  value?: unknown,
) => void

/**
 * Milliseconds of silence after which a worker that has work is asked whether it lives, and then is taken for dead:
 * where there are no Web Locks, or when it is caught in a loop.
 */
const patience = 5000

/** Milliseconds that a worker has to end by itself. */
const leave = 1000

const inTime = (done: Promise<void> | undefined) =>
  Promise.race([done, new Promise<void>((resolve) => setTimeout(resolve, leave))])

const noWorker = 'no worker can be started; workerURL says where asposecache.worker.js is'
const resting =
  'the worker could not be loaded, or has died again and again; it is started again when half a minute has passed'

/**
 * After so many deaths in a row nobody starts it again for a while, nor when it has died before it had begun to work.
 * `rest` is how long, in milliseconds.
 */
const mostDeaths = 3
const rest = 30_000

/**
 * The worker in which the disk is written. Nothing depends on it: what it has not done when it dies can be done again,
 * by another or on this thread.
 */
export class DiskWorker {
  readonly #work: Work
  readonly #make: () => Worker
  #worker: Worker | undefined
  #pending = new Map<number, Answer>()
  #deaths = 0
  #died = 0
  #never = false
  #worked = false
  #lastAsked = 0
  #heard = true
  #silence: Timeout | undefined
  /** Resolves when the worker's lock is free, and so the worker gone. Undefined: it has none that would tell. */
  #gone: Promise<void> | undefined
  #leave = async () => {}
  /** Whether it takes batches now. */
  ready = false

  constructor(work: Work, make: () => Worker) {
    this.#work = work
    this.#make = make
  }

  /** Starts it, unless it runs already, or can't. When it dies it is started again. */
  start(): void {
    if (this.#worker || this.#never) return
    if (this.#deaths >= mostDeaths && now() - this.#died < rest) return
    try {
      const worker = (this.#worker = this.#make())
      worker.onmessage = ({ data }) => this.#hear(worker, data as FromWorker)
      worker.onmessageerror = () => this.#die(worker)
      worker.onerror = (event) => {
        event.preventDefault() // it is no news to the page
        // Who can do without is not told again and again that it can't be loaded, as a policy of the page's may say.
        if (!this.#worked && this.#work !== 'files') this.#never = true
        this.#die(worker)
      }
      this.#post({ version: VERSION, work: this.#work })
    } catch {
      this.#worker?.terminate?.()
      this.#worker = undefined
      this.#never = true
    }
  }

  apply(
    call: number,
    database: string,
    keys: Uint8Array,
    records: Uint8Array[],
    deletes: Uint8Array,
    answer: Answer,
  ): void {
    this.#send(call, { batch: [call, database, keys, records, deletes] }, records, answer)
  }

  /** Has something done with a file, by a worker that is started if there is none. */
  ask(request: FileRequest, transfer: Uint8Array[], answer: FileAnswer): void {
    this.start()
    if (!this.#worker) return answer({ name: 'NotSupportedError', message: this.#never ? noWorker : resting })
    const call = ++this.#lastAsked
    this.#send(call, { call, ask: request }, transfer, answer)
  }

  #send(call: number, message: ToWorker, transfer: Uint8Array[], answer: Answer): void {
    try {
      this.#post(
        message,
        transfer.map(({ buffer }) => buffer as ArrayBuffer),
      )
    } catch {
      return answer({}) // there may be no memory for the message
    }
    this.#pending.set(call, answer)
    this.#listen()
  }

  cancel(call: number): void {
    if (this.#pending.has(call)) this.#post({ cancel: call })
  }

  /** Ends it. It can be started again. */
  end(): void {
    const worker = this.#worker
    if (!worker) return
    let gone = this.#gone
    this.#drop(worker)
    const said = new Promise<void>((resolve) => {
      worker.onmessage = ({ data }) => {
        const message = data as FromWorker
        if (message === 'ended') resolve()
        else if (typeof message !== 'string' && 'ready' in message && message.lock)
          gone = this.#watch(worker, message.lock)
      }
      worker.onerror = (event) => {
        event.preventDefault()
        resolve() // it could not be loaded
      }
    })
    this.#leave = async () => {
      await inTime(said)
      worker.terminate()
      await inTime(gone)
    }
  }

  /**
   * Resolves when the worker that was told to end is gone, or has had its time. Only who knows that what it had open is
   * closed may ask: WebKit does not always close that of a worker that it ends.
   */
  ended(): Promise<void> {
    return this.#leave()
  }

  #post(message: ToWorker, transfer: Transferable[] = []): void {
    this.#worker!.postMessage(message, transfer)
  }

  #hear(worker: Worker, message: FromWorker): void {
    if (worker !== this.#worker) return
    this.#heard = this.#worked = true
    if (message === 'alive' || message === 'ended') return
    if ('ready' in message) {
      this.ready = true
      if (message.lock) this.#gone = this.#watch(worker, message.lock)
    } else {
      if (!message.failure) this.#deaths = 0
      const answer = this.#pending.get(message.call)
      this.#pending.delete(message.call)
      answer?.(message.failure, message.value)
    }
  }

  /**
   * Waits for the end of a worker, of which the browser tells nobody; but it tells who waits for a lock that the worker
   * holds. After the site's data was cleared, Chromium gives new workers other locks than the page: then the worker's is
   * free although it lives, and only its silence tells.
   */
  async #watch(worker: Worker, lock: string): Promise<void> {
    try {
      const free = await navigator.locks.request(lock, { ifAvailable: true }, (granted) => granted !== null)
      if (!free) {
        await navigator.locks.request(lock, () => {})
        return this.#die(worker)
      }
    } catch {}
    if (worker === this.#worker) this.#gone = undefined
    return new Promise(() => {})
  }

  /** Looks for signs of life as long as something is to be answered. */
  #listen(): void {
    if (this.#silence) return
    const wait = (asked: boolean) => {
      this.#heard = false
      this.#silence = setTimeout(() => {
        this.#silence = undefined
        if (!this.#worker || this.#pending.size === 0) return
        if (this.#heard) wait(false)
        else if (asked) this.#die(this.#worker)
        else {
          this.#post('alive?')
          wait(true)
        }
      }, patience)
    }
    wait(false)
  }

  #die(worker: Worker): void {
    if (worker !== this.#worker) return
    this.#deaths = this.#worked ? this.#deaths + 1 : mostDeaths
    this.#died = now()
    this.#drop(worker)
    this.start()
  }

  #drop(worker: Worker): void {
    worker.onmessage = worker.onmessageerror = null
    worker.onerror = (event) => event.preventDefault()
    worker.postMessage('end')
    setTimeout(() => worker.terminate(), leave)
    clearTimeout(this.#silence)
    this.#worker = this.#silence = this.#gone = undefined
    this.ready = false
    const pending = [...this.#pending.values()]
    this.#pending.clear()
    for (const answer of pending) answer({})
  }
}
