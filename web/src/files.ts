// Files of the origin private file system, which only dedicated workers can open for reading and writing at once.
import { clearTimeout, nextTask, setTimeout } from './clock'

/**
 * What is to be done with the file of a name. Offsets and sizes are a Float64Array, in bytes. See
 * jsbridge/opfsstore/file.go.
 */
export type FileRequest =
  | [what: 'open', name: string] // anew, empty
  | [what: 'write', name: string, arrays: Uint8Array[], offsets: Uint8Array, reusable: number] // is answered with those arrays that are so long
  | [what: 'read', name: string, arrays: Uint8Array[], offsets: Uint8Array] // is answered with the arrays, filled, or null
  | [what: 'size', name: string] // is answered with a number of bytes
  | [what: 'truncate', name: string, size: number]
  | [what: 'close', name: string] // and remove

/** Called once: with null and what was asked for, with the name and the message of an error, or with {} if the worker died. */
export type FileAnswer = (failure: { name?: string; message?: string } | null, value?: unknown) => void

/** What the program has of files. */
export interface Files {
  readonly thread: 'worker' | 'page'
  /** Requests are done in their order. What is to be transferred is taken away. */
  ask(request: FileRequest, transfer: Uint8Array[] | null, answer: FileAnswer): void
  list(): Promise<string[]>
  remove(name: string): Promise<void>
  end(): void
  /** Resolves when who was told to end has done so. */
  ended(): Promise<void>
}

/** Who has requests done in another thread. */
interface FileWorker {
  ask(request: FileRequest, transfer: Uint8Array[], answer: FileAnswer): void
  end(): void
  ended(): Promise<void>
}

/** The files of this thread, which are opened in the worker if there is one, and else here. Undefined where there are none. */
export function filesIn(worker: FileWorker | undefined): Files | undefined {
  if (!globalThis.navigator?.storage?.getDirectory) return
  const server = new FileServer()
  let ended = Promise.resolve()
  return {
    thread: worker ? 'worker' : 'page',
    ask(request, transfer, answer) {
      if (worker) worker.ask(request, transfer ?? [], answer)
      else if (!('createSyncAccessHandle' in FileSystemFileHandle.prototype))
        answer({
          name: 'NotSupportedError',
          message: 'only a worker can open such files, and diskWorker is false',
        })
      else {
        // What takes long is answered in a task of its own, or others would never have a turn.
        const when = transfer && bytesOf(transfer) >= long ? nextTask : (f: () => void) => f()
        server.do(request).then(
          (value) => when(() => answer(null, value)),
          (error) => answer(described(error)),
        )
      }
    },
    list,
    remove,
    end: () => void (worker ? worker.end() : (ended = server.end().catch(() => {}))),
    ended: () => (worker ? worker.ended() : ended),
  }
}

/** So many bytes take some tenths of a millisecond. */
const long = 1 << 20

const bytesOf = (arrays: Uint8Array[]) => arrays.reduce((sum, { byteLength }) => sum + byteLength, 0)

export const described = (error: unknown) => ({
  name: String((error as Error)?.name),
  message: String((error as Error)?.message),
})

const root = () => navigator.storage.getDirectory()

/** The names of all files. */
async function list(): Promise<string[]> {
  const names: string[] = []
  try {
    for await (const name of ((await root()) as unknown as { keys(): AsyncIterable<string> }).keys())
      try {
        names.push(decodeURIComponent(name))
      } catch {
        // It is none of ours.
      }
  } catch {
    // Private windows of some browsers have none, and say so only now.
  }
  return names
}

/** Removes a file, if it is there. */
async function remove(name: string): Promise<void> {
  try {
    const folder = await root()
    await whenFree(() => folder.removeEntry(encodeURIComponent(name)))
  } catch (error) {
    if (described(error).name !== 'NotFoundError') throw error
  }
}

/** What only the types of workers have. */
interface Handle {
  getSize(): number
  read(to: Uint8Array, options: { at: number }): number
  write(from: Uint8Array, options: { at: number }): number
  truncate(size: number): void
  close(): void
}

/** Milliseconds between two tries to have a file that a worker which has died still has, and how many tries there are. */
const interval = 50
const tries = 80

async function whenFree<T>(use: () => Promise<T>): Promise<T> {
  for (let i = 1; ; i++)
    try {
      return await use()
    } catch (error) {
      if (i === tries || described(error).name !== 'NoModificationAllowedError') throw error
      await new Promise<void>((resolve) => setTimeout(resolve, interval))
    }
}

/** Milliseconds that the browser has for a file: to open it, to remove it, or to say whether it is there. */
const patience = 5000

/** Waits for the browser, in time: others wait for that. `late` is given what comes too late. */
function inTime<T>(answer: Promise<T>, late?: (value: T) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    let over = false
    const timeout = setTimeout(() => {
      over = true
      reject(new DOMException('the browser did not answer in time', 'TimeoutError'))
    }, patience)
    answer
      .then((value) => (over ? late?.(value) : resolve(value)), reject)
      .finally(() => clearTimeout(timeout))
  })
}

/** Opens a file. A handle that comes too late is closed. */
const open = (name: string, create: boolean): Promise<Handle> =>
  inTime(openNow(name, create), (handle) => handle.close())

async function openNow(name: string, create: boolean): Promise<Handle> {
  const file = (await fileOf(name, create)) as unknown as { createSyncAccessHandle(): Promise<Handle> }
  return whenFree(() => file.createSyncAccessHandle())
}

const fileOf = async (name: string, create: boolean) =>
  (await root()).getFileHandle(encodeURIComponent(name), { create })

/** Whether a file is gone, or the browser does not say: then to close it could take for ever. */
const isGone = (name: string): Promise<boolean> =>
  inTime(fileOf(name, false)).then(
    () => false,
    (error) => ['NotFoundError', 'TimeoutError'].includes(described(error).name),
  )

/** Where the file is open. It is of one cache, which has one file. */
export class FileServer {
  #handle: Handle | undefined
  #name = ''
  #last: Promise<unknown> = Promise.resolve()

  /** Does what is asked for when all that was asked for before is done. */
  do(request: FileRequest): Promise<unknown> {
    const next = () => this.#do(request)
    return (this.#last = this.#last.then(next, next))
  }

  /** Closes the file when all that was asked for is done. */
  end(): Promise<void> {
    const close = () => this.#close()
    const closed = this.#last.then(close, close)
    this.#last = closed
    return closed
  }

  async #do(request: FileRequest): Promise<unknown> {
    const [what, name] = request
    if (what === 'open') {
      await this.#close()
      this.#handle = await open(name, true)
      this.#name = name
      return this.#handle.truncate(0)
    }
    if (what === 'close') {
      await this.#close()
      return inTime(remove(name))
    }
    for (let again = false; ; again = true) {
      if (!this.#handle) {
        this.#handle = await open(name, false)
        this.#name = name
      }
      try {
        return use(this.#handle, request)
      } catch (error) {
        // The browser has closed it, perhaps because it has removed the file.
        if (again || described(error).name !== 'InvalidStateError') throw error
        await this.#close()
      }
    }
  }

  /** When the site's data was cleared, and the file is gone, Chromium's `close` would never return. */
  async #close(): Promise<void> {
    const handle = this.#handle
    this.#handle = undefined
    if (handle && !(await isGone(this.#name))) handle.close()
  }
}

function use(handle: Handle, request: FileRequest): unknown {
  switch (request[0]) {
    case 'write':
      write(handle, request[2], numbers(request[3]))
      return request[2].filter(({ byteLength }) => byteLength === request[4])
    case 'read': {
      const offsets = numbers(request[3])
      return request[2].map((array, i) => read(handle, array, offsets[i]!))
    }
    case 'size':
      return handle.getSize()
    case 'truncate':
      return handle.truncate(request[2])
  }
}

const numbers = (bytes: Uint8Array) => new Float64Array(bytes.buffer as ArrayBuffer)

function write(handle: Handle, arrays: Uint8Array[], offsets: Float64Array): void {
  for (const [i, array] of arrays.entries())
    for (let done = 0; done < array.byteLength;) {
      const n = handle.write(array.subarray(done), { at: offsets[i]! + done })
      if (n === 0) throw new DOMException('the file can be no longer', 'QuotaExceededError')
      done += n
    }
}

/** Null if the file does not have all of it. */
function read(handle: Handle, array: Uint8Array, at: number): Uint8Array | null {
  for (let done = 0; done < array.byteLength;) {
    const n = handle.read(array.subarray(done), { at: at + done })
    if (n === 0) return null
    done += n
  }
  return array
}
