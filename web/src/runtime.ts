import wasmExec, { type GoRuntime } from 'wasm-exec'
import { clock, nextTask } from './clock'
import type { ErrorDescription } from './errors'
import type { Operations, Requests } from './border'
import type { DiskWorker } from './disk-worker'
import type { Files } from './files'
import { canGrowTo } from './memory'
import { attend, present } from './presence'

/** What the program exports; the numbers are bytes and allocations. See jsbridge/exports.go. */
export interface Exports {
  mem: WebAssembly.Memory
  allocate(size: number): number
  dispose(id: number): void
  access(id: number, offset: number, length: number, purpose: 0 | 1 | 2): number
  chunk(id: number, offset: number): number
  steady(id: number, offset: number, length: number): number
  accessRect(id: number, x: number, y: number, width: number, height: number, purpose: 0 | 1 | 2): number
  trayAddress(): number
  copyRect(id: number, x: number, y: number, width: number, height: number, fromTray: 0 | 1): number
  tile(id: number, column: number, row: number): number
  writeNow(id: number, offset: number, n: number): number
  readNow(id: number, offset: number, n: number): number
  allocated(medium: number): number
  statistics(): number
  size(id: number): number
  width(id: number): number
  height(id: number): number
  medium(id: number): number
  held(id: number, medium: number): number
  historyRevision(history: number): number
  historyCan(history: number, by: 1 | -1): number
}

export type Call = (
  name: keyof Requests | keyof Operations,
  ...args: unknown[]
) => { answer: unknown; error: ErrorDescription | null } | undefined

/** Which entries of which history were freed; see jsbridge/history.go. */
export interface Dropped {
  history: number
  labels: string[]
}

/** What the program tells JavaScript. */
export interface Host {
  settle(call: number, ok: boolean, value: unknown): void
  progress(call: number, done: number, total: number): void
  event(
    kind: string,
    id: number,
    offset: number,
    bytes: number,
    reason: string,
    error: ErrorDescription | null,
    dropped: Dropped | null,
  ): void
}

/** The Go program, started, and what it has said at its start. */
export interface Runtime {
  readonly go: GoRuntime
  readonly exports: Exports
  readonly version: string
  readonly call: Call
  readonly pageSize: number
  /** The width and the height of a tile, in pixels. */
  readonly tileSide: number
  /** What exports copy from or to. */
  readonly lending: { data: Uint8Array | undefined }
  /**
   * Takes an object away from the program, which is through with it and would keep it until its garbage collector, which
   * knows nothing of its size, finds that out.
   */
  forget(object: object): void
  /** What is to be done on the program's behalf when it has crashed. */
  readonly onExit: ReadonlyArray<() => void>
  exitCode(): number
  /** Resolves when the workers of the disk that were told to end are gone. For who knows that what they had open is closed. */
  workersEnded(): Promise<unknown>
  /** Resolves when the program has ended, to the error that ended it if there was one. */
  readonly ended: Promise<unknown>
}

/** What the disk can lie on, and who works there. */
export interface Disk {
  diskStore: 'indexedDB' | 'opfs' | 'auto'
  diskWorker: DiskWorker | undefined
  files: Files | undefined
}

/** Starts the program. Throws when it ends at once. */
export async function startRuntime(
  module: WebAssembly.Module,
  cacheFolder: string,
  host: Host,
  disk: Disk,
): Promise<Runtime> {
  let started: Pick<Runtime, 'version' | 'call' | 'pageSize' | 'tileSide'> | undefined
  const onExit: Array<() => void> = []
  onExit.push(() => disk.diskWorker?.end())
  onExit.push(() => disk.files?.end())
  const own = {
    ...host,
    cacheFolder,
    onExit,
    ...disk,
    data: undefined,
    started(version: string, call: Call, pageSize: number, tileSide: number) {
      started = { version, call, pageSize, tileSide }
    },
    nextTask,
    attend,
    present,
  }
  const { go, instance, forget, exitCode, ended } = await runGo(module, own)
  if (!started) {
    await Promise.resolve() // until it is known why
    throw (
      (await Promise.race([ended, undefined])) ??
      new Error(`it ended at its start, with exit code ${exitCode()}`)
    )
  }
  const exports = instance.exports as unknown as Exports
  const workersEnded = () => Promise.all([disk.diskWorker?.ended(), disk.files?.ended()])
  return { ...started, go, exports, lending: own, forget, onExit, exitCode, workersEnded, ended }
}

/** What is left of a program that has ended. */
const gone: Partial<Runtime> = {
  call: () => undefined,
  forget() {},
  onExit: [],
  exitCode: () => 0,
  workersEnded: async () => {},
  ended: Promise.resolve(),
}

/** Takes all out of what is known of a program that refers to it, and so to its memory. */
export function letGo(runtime: Runtime): void {
  const go = { exited: true, _resume() {}, _scheduledTimeouts: new Map() }
  Object.assign(runtime, gone, { go, exports: undefined, lending: { data: undefined } })
}

/** Runs the program up to where it waits. `host` is what it needs of JavaScript, beside what is added here. */
export async function runGo(module: WebAssembly.Module, host: object) {
  let memory: WebAssembly.Memory | undefined
  let view = new Uint8Array(0)
  const own = Object.assign(host, {
    mayGrow: (bytes: number) => canGrowTo((memory?.buffer.byteLength ?? 0) + bytes),
    copyRows,
    copyBytes(
      array: Uint8Array,
      offset: number,
      pitch: number,
      address: number,
      addressPitch: number,
      length: number,
      rows: number,
      toArray: boolean,
    ) {
      if (view.byteLength === 0) view = new Uint8Array(memory!.buffer) // it has grown
      if (toArray) copyRows(array, offset, pitch, view, address, addressPitch, length, rows)
      else copyRows(view, address, addressPitch, array, offset, pitch, length, rows)
    },
    forget,
  })
  const Go = wasmExec(scopeFor(own))
  const go = new Go()
  // The number stays taken until the program gives it back.
  function forget(object: object) {
    const number = go._ids?.get(object)
    if (number === undefined) return
    go._ids!.delete(object)
    go._values![number] = undefined
  }
  let exitCode = 0
  go.exit = (code) => {
    exitCode = code
  }
  const instance = await WebAssembly.instantiate(module, go.importObject)
  memory = instance.exports.mem as WebAssembly.Memory | undefined
  const ended: Promise<unknown> = go.run(instance).then(
    () => undefined,
    (error) => error,
  )
  return { go, instance, forget, exitCode: () => exitCode, ended }
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
    ...clock,
  }
  return new Proxy(own, {
    get: (_, key) => (key in own ? own[key] : Reflect.get(globalThis, key)),
    has: (_, key) => key in own || key in globalThis,
  })
}

/** Copies rows of one array to another, each so many bytes after the one before. Throws, before it does, if there are not so many. */
function copyRows(
  target: Uint8Array,
  offset: number,
  pitch: number,
  source: Uint8Array,
  from: number,
  sourcePitch: number,
  length: number,
  rows: number,
) {
  const last = rows - 1
  if (source.length < from + last * sourcePitch + length || target.length < offset + last * pitch + length)
    throw TypeError()
  for (; rows > 0; rows--) {
    target.set(source.subarray(from, from + length), offset)
    from += sourcePitch
    offset += pitch
  }
}
