const page = 64 << 10
const addressable = 4 * 1024 ** 3
/** No browser allows less, so nothing has to be tried up to here. */
const granted = 128 << 20

let most: number | undefined

/**
 * How large a WebAssembly memory can become here, found by growing one that nobody uses: the browser
 * says so in no other way, and a program that grows past it ends. Takes some milliseconds, once.
 */
function mostMemory(): number {
  if (most === undefined) {
    const memory = new WebAssembly.Memory({ initial: 0 })
    for (let step = addressable / 2; step >= 1 << 20; step /= 2) {
      try {
        memory.grow(step / page)
      } catch {}
    }
    most = memory.buffer.byteLength
  }
  return most
}

/** Whether a memory can grow to so many bytes. */
export function canGrowTo(bytes: number): boolean {
  return bytes <= granted || bytes <= mostMemory()
}
