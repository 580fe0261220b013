import { soon } from './clock'

/** What was given, for an error's message. Runs no code of the caller's. */
export function show(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value)
    case 'bigint':
      return `${value}n`
    case 'function':
      return 'a function'
    case 'object':
      return value === null ? 'null' : isImageData(value) ? 'an ImageData' : 'an object'
    default:
      return String(value)
  }
}

/**
 * Whether a value is what only the platform makes. The getters look at the inside, so nothing else
 * passes, and what other frames have made does.
 */
function isMadeBy<T>(getter: string, ...names: string[]) {
  const getters = names.map((name) => {
    const made = (globalThis as unknown as Record<string, { prototype: object } | undefined>)[name]
    return made && Object.getOwnPropertyDescriptor(made.prototype, getter)?.get
  })
  return (value: unknown): value is T =>
    getters.some((get) => {
      try {
        get?.call(value)
        return get !== undefined
      } catch {
        return false
      }
    })
}

export const isBlob = isMadeBy<Blob>('size', 'Blob')
export const isStream = isMadeBy<ReadableStream<Uint8Array>>('locked', 'ReadableStream')
export const isImageData = isMadeBy<ImageData>('width', 'ImageData')
const isBuffer = isMadeBy<ArrayBufferLike>('byteLength', 'ArrayBuffer', 'SharedArrayBuffer')
const isDataView = isMadeBy<DataView>('byteLength', 'DataView')
const { values } = Uint8Array.prototype
const isSignal = isMadeBy<AbortSignal>('aborted', 'AbortSignal')

/**
 * What an AbortSignal says, by the platform's own means: properties of the object may be the caller's,
 * and run the caller's code.
 */
export const signals = {
  aborted: (signal: AbortSignal): boolean => platform(AbortSignal, 'aborted').get!.call(signal),
  reason: (signal: AbortSignal): unknown => platform(AbortSignal, 'reason').get!.call(signal),
  throwIfAborted(signal: AbortSignal | undefined) {
    if (signal && signals.aborted(signal)) throw signals.reason(signal)
  },
  listen(signal: AbortSignal, listener: () => void) {
    EventTarget.prototype.addEventListener.call(signal, 'abort', listener, { once: true })
  },
  unlisten(signal: AbortSignal, listener: () => void) {
    EventTarget.prototype.removeEventListener.call(signal, 'abort', listener)
  },
}

function platform(made: { prototype: object }, name: string): PropertyDescriptor {
  return Object.getOwnPropertyDescriptor(made.prototype, name)!
}

export function wrong(name: string, value: unknown, allowed: string): TypeError {
  return new TypeError(`${name}: ${show(value)} was given, allowed is ${allowed}`)
}

const wholeNumber = `a whole number from 0 to ${Number.MAX_SAFE_INTEGER}`

/** A number of bytes. */
export function bytes(name: string, value: unknown): number {
  if (typeof value !== 'number') throw wrong(name, value, wholeNumber)
  if (!Number.isSafeInteger(value) || value < 0)
    throw new RangeError(`${name}: ${show(value)} was given, allowed is ${wholeNumber}`)
  return value
}

/** A boolean; `undefined` is false. */
export function flag(name: string, value: unknown): boolean {
  if (value !== undefined && typeof value !== 'boolean') throw wrong(name, value, 'true or false')
  return value ?? false
}

/** The bytes of a buffer or a view, as a view of the same memory. */
export function view(name: string, value: unknown): Uint8Array {
  const allowed = 'an ArrayBuffer, a SharedArrayBuffer or a view of one, not detached'
  try {
    // The usual case, sooner. A length of 0 may mean that it is detached, and one that grows is looked at once.
    if (
      value instanceof Uint8Array &&
      value.constructor === Uint8Array &&
      value.byteLength > 0 &&
      !(value.buffer as { growable?: boolean }).growable
    )
      return value
    // The constructor throws for what is detached, and for what only looks like a buffer. An array that its buffer has
    // become too short for says that it is empty; only its methods throw.
    if (ArrayBuffer.isView(value)) {
      if (value.byteLength === 0 && !isDataView(value)) values.call(value)
      return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    }
    if (isBuffer(value)) return new Uint8Array(value, 0, value.byteLength)
  } catch {}
  throw wrong(name, value, isImageData(value) ? `${allowed}; give its \`data\`` : allowed)
}

/** An object of options; `undefined` is one without any. */
export function object(name: string, value: unknown): Record<string, unknown> {
  if (value === undefined) return {}
  if (typeof value !== 'object' || value === null) throw wrong(name, value, 'an object')
  return value as Record<string, unknown>
}

/** Refuses options that nobody would look at. */
export function onlyKeys(name: string, value: object, known: readonly string[]): void {
  for (const key of Object.keys(value)) {
    if (!known.includes(key))
      throw new TypeError(`${name}.${key}: there is no such option; allowed are ${known.join(', ')}`)
  }
}

/** The options of calls that read or write, and those of calls that make something. */
export const callKeys = ['signal', 'onProgress']
export const allocateKeys = ['label', 'signal']
/** The options of calls that lend views. */
export const viewKeys = ['write']

/** Options of a call, read once. What only one kind of call knows is checked there. */
export interface Options {
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: { done: number; total: number }) => void
  readonly label?: string
  readonly [name: string]: unknown
}

const none: Options = Object.freeze({})

const checks: Readonly<Record<string, (name: string, value: unknown) => void>> = {
  signal(name, value) {
    if (!isSignal(value)) throw wrong(name, value, 'an AbortSignal')
  },
  label(name, value) {
    if (typeof value !== 'string') throw wrong(name, value, 'a string')
  },
  onProgress: callback,
  onError: callback,
}

/** The options of a call, of which it knows so many: any other is a mistake that would be overlooked. */
export function optionsFrom(value: unknown, known: readonly string[]): Options {
  if (value === undefined) return none
  const given = object('options', value)
  onlyKeys('options', given, known)
  const options: Record<string, unknown> = {}
  for (const key of known) {
    const option = given[key]
    if (option === undefined) continue
    checks[key]?.(`options.${key}`, option)
    options[key] = option
  }
  return options
}

/** Refuses what can't be called. */
export function callback(name: string, value: unknown): void {
  if (typeof value !== 'function') throw wrong(name, value, 'a function')
}

/** Reports progress: not at once, for the caller is in the middle of something. */
export function report({ onProgress }: Options, done: number, total: number): void {
  if (onProgress) soon(() => onProgress({ done, total }))
}
