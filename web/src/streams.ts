import type * as api from './asposecache'
import { isBlob, isStream, type Options, report, signals, view, wrong } from './arguments'
import { type CacheEntity, handleOf } from './entity'

/** An allocation, as far as streams have to do with it. */
type Allocation = CacheEntity &
  api.CacheAllocation & { grow(newSize: number, options: Options): Promise<void> }

/** What a stream of an allocation reads, and a copy of a blob takes, at a time. */
const chunk = 1 << 20

/** What is longer is not copied at the call, as by a write. */
const mostCopied = 64 << 20

/** The bytes of an allocation, read as they are consumed. The stream keeps the allocation alive. */
export function readable(
  allocation: Allocation,
  offset: number,
  length: number | undefined,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = offset
  let end = length === undefined ? undefined : offset + length
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        if (end === undefined) {
          // Calls made before may change the size; an empty read at the start waits for them.
          await allocation.read(at, 0)
          end = allocation.size
        }
        if (at < end) {
          const n = Math.min(chunk, end - at)
          controller.enqueue(await allocation.read(at, n))
          at += n
        } else {
          await allocation.read(at, 0) // the range is checked also when there is nothing in it
        }
        if (at >= end) controller.close()
      },
    },
    { highWaterMark: 0 },
  )
  // Not every browser has streams that `for await` can go through.
  if (!(Symbol.asyncIterator in stream))
    Object.defineProperty(stream, Symbol.asyncIterator, {
      value: iterate,
      writable: true,
      configurable: true,
    })
  return stream
}

/** What the platform's own does: a loop that is left cancels the stream. */
async function* iterate(this: ReadableStream<unknown>): AsyncGenerator<unknown, void> {
  const reader = this.getReader()
  try {
    for (let next; !(next = await reader.read()).done;) yield next.value
  } finally {
    const cancelled = reader.cancel()
    reader.releaseLock()
    await cancelled
  }
}

/** Writes what it is given from `offset` on. The stream keeps the allocation alive. */
export function writable(allocation: Allocation, offset: number): WritableStream<AllowSharedBufferSource> {
  let at = offset
  return new WritableStream({
    async write(data) {
      const bytes = view('chunk', data)
      const n = bytes.byteLength // now: while the write waits, the caller may transfer the buffer
      await allocation.write(bytes, at)
      at += n
    },
  })
}

/** Makes an allocation of what a source holds. When that fails nothing is left of it. */
export async function allocateFrom<A extends Allocation>(
  source: unknown,
  options: Options,
  allocate: (size: number) => Promise<A>,
): Promise<A> {
  if (isStream(source)) return fromStream(source, options, allocate)
  if (isBlob(source)) {
    return filled(await allocate(source.size), async (allocation) => {
      for (let at = 0; at < source.size; at += chunk) {
        const bytes = await source.slice(at, at + chunk).arrayBuffer()
        await allocation.write(bytes, at, { signal: options.signal })
        report(options, at + bytes.byteLength, source.size)
      }
    })
  }
  let bytes: Uint8Array
  try {
    bytes = view('source', source)
  } catch {
    throw wrong('source', source, 'an ArrayBuffer, a view of one, a Blob or a ReadableStream')
  }
  // The allocation may have to wait, and the bytes are those of now.
  if (bytes.byteLength <= mostCopied) bytes = bytes.slice()
  return filled(await allocate(bytes.byteLength), (allocation) => allocation.write(bytes, 0, options))
}

/** The size of a stream is known when it ends; until then its allocation grows. */
async function fromStream<A extends Allocation>(
  source: ReadableStream<Uint8Array>,
  options: Options,
  allocate: (size: number) => Promise<A>,
): Promise<A> {
  const { signal } = options
  const reader = source.getReader() // throws when somebody else reads it
  const cancel = () => void reader.cancel(signal && signals.reason(signal)).catch(() => {})
  if (signal) signals.listen(signal, cancel)
  let forget: (() => void) | undefined
  try {
    return await filled(await allocate(0), async (allocation) => {
      const handle = handleOf(allocation)
      forget = handle.program.whenOver(cancel) // the source may not answer, ever
      for (let at = 0; ;) {
        const { done, value } = await reader.read()
        handle.check(options)
        if (done) return
        const bytes = view('chunk', value)
        const n = bytes.byteLength
        await allocation.grow(at + n, { signal })
        if (bytes.byteLength !== n) throw wrong('chunk', value, 'one whose buffer nobody takes away')
        await allocation.write(bytes, at, { signal })
        at += n
        report(options, at, at)
      }
    })
  } catch (error) {
    reader.cancel(error).catch(() => {}) // not awaited: it may take for ever
    throw error
  } finally {
    if (signal) signals.unlisten(signal, cancel)
    forget?.()
    reader.releaseLock()
  }
}

async function filled<A extends Allocation>(
  allocation: A,
  fill: (allocation: A) => Promise<void>,
): Promise<A> {
  try {
    await fill(allocation)
    return allocation
  } catch (error) {
    allocation.dispose()
    throw error
  }
}
