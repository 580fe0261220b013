import { setTimeout } from './clock'

// After the site's data was cleared, Chromium has another set of locks for pages and workers that are opened later, and to
// them each lock of those before seems free. So who finds the lock of a store free asks aloud, on a channel of the folder,
// who is there. Stores that are open answer with their names.

const question = '?'

function join(folder: string, hear: (text: unknown) => void): BroadcastChannel {
  const channel = new BroadcastChannel(`asposeCache:${folder}`)
  channel.onmessage = ({ data }) => hear(data)
  ;(channel as { unref?(): void }).unref?.() // Node would not end before it is closed
  return channel
}

/** Answers for a store of a folder, until the function that it returns is called. */
export function attend(folder: string, store: string): () => void {
  const channel = join(folder, (text) => text === question && channel.postMessage(store))
  return () => channel.close()
}

/** The names of the stores of a folder that are open, as far as they answer within so many milliseconds. */
export async function present(folder: string, patience: number): Promise<unknown[]> {
  const there: unknown[] = []
  const channel = join(folder, (text) => there.push(text))
  channel.postMessage(question)
  await new Promise<void>((resolve) => setTimeout(resolve, patience))
  channel.close()
  return there
}
