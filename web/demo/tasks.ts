// Long work, one piece after the other, without freezing the page.

const channel = new MessageChannel()
const waiting: (() => void)[] = []
channel.port1.onmessage = () => waiting.shift()?.()

let lastBreath = 0

/** Lets the page paint and react, if it had no chance to for some milliseconds. */
export async function breathe(): Promise<void> {
  if (performance.now() - lastBreath < 8) return
  // A message and not a timer: browsers slow timers down to one a second in tabs that are not seen.
  await new Promise<void>((resolve) => {
    waiting.push(resolve)
    channel.port2.postMessage(null)
  })
  lastBreath = performance.now()
}

/**
 * Runs tasks in the order they were added, one at a time: however fast someone clicks, only one decoded
 * picture and one strip are held at once.
 */
export class Queue {
  #last: Promise<unknown> = Promise.resolve()

  add(task: () => Promise<void>): Promise<void> {
    const done = this.#last.then(task)
    this.#last = done.catch(() => {})
    return done
  }
}
