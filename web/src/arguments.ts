/** What was given, for an error's message. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'symbol' || value === null || typeof value !== 'object') return String(value)
  return Object.prototype.toString.call(value)
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

/** The bytes of a buffer or a view, as a view of the same memory. */
export function view(name: string, value: unknown): Uint8Array {
  const allowed = 'an ArrayBuffer, a SharedArrayBuffer or a view of one, not detached'
  try {
    // The usual case, sooner. A length of 0 may mean that it is detached.
    if (value instanceof Uint8Array && value.constructor === Uint8Array && value.byteLength > 0) return value
    // The constructor throws for what is detached, and for what only looks like a buffer.
    if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    if (isBuffer(value)) return new Uint8Array(value, 0, value.byteLength)
  } catch {}
  throw wrong(name, value, allowed)
}

/** Also those of other frames, so it goes by the name that the language gives them. */
function isBuffer(value: unknown): value is ArrayBufferLike {
  const tag = Object.prototype.toString.call(value)
  return tag === '[object ArrayBuffer]' || tag === '[object SharedArrayBuffer]'
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

export interface CallOptions {
  signal?: AbortSignal
  onProgress?: (progress: { done: number; total: number }) => void
}

export function callOptions(value: unknown): CallOptions {
  const { signal, onProgress } = object('options', value)
  if (signal !== undefined && !isSignal(signal)) throw wrong('options.signal', signal, 'an AbortSignal')
  if (onProgress !== undefined && typeof onProgress !== 'function')
    throw wrong('options.onProgress', onProgress, 'a function')
  return { signal, onProgress } as CallOptions
}

/** Also those of other frames. */
function isSignal(value: unknown): boolean {
  return Object.prototype.toString.call(value) === '[object AbortSignal]'
}

export function label(value: unknown): string {
  const { label } = object('options', value)
  if (label !== undefined && typeof label !== 'string') throw wrong('options.label', label, 'a string')
  return label ?? ''
}
