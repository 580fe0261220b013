// The worker of the disk. It keeps files open; or it is the same program as on the page, which here only writes.
import type { Batch, Failure, FromWorker, ToWorker, Work } from './disk-worker'
import { described, type FileRequest, FileServer } from './files'
import { runGo } from './runtime'

declare const self: Pick<Worker, 'onmessage'> & {
  postMessage(message: FromWorker, transfer?: Transferable[]): void
}

type Do = (message: Exclude<ToWorker, { work: Work }>) => void

self.onmessage = ({ data }) => void start(data).catch(reportError) // so that the page learns of it

async function start(data: unknown) {
  const { work, version } = data as { work: Work; version: string }
  // Of another build it may not speak the same language.
  if (version !== VERSION)
    throw new Error(`asposeCache: the worker is version ${VERSION}, the page's ${version}`)
  const waiting: MessageEvent[] = []
  self.onmessage = (event) => waiting.push(event)
  const act = work === 'files' ? files() : await program(work)
  const ready = () => {
    self.postMessage({ ready: true, lock })
    const hear = ({ data }: MessageEvent) => (data === 'alive?' ? self.postMessage('alive') : act(data))
    self.onmessage = hear
    waiting.forEach(hear)
  }
  const lock = navigator.locks && crypto.randomUUID()
  // To the end of the worker: the page waits for it, and so learns of the end.
  if (lock)
    await navigator.locks.request(lock, () => {
      ready()
      return new Promise(() => {})
    })
  else ready()
}

function files(): Do {
  const server = new FileServer()
  return (message) => {
    if (message === 'end') server.end().finally(() => self.postMessage('ended'))
    else if (typeof message !== 'string' && 'ask' in message) answer(message.call, server.do(message.ask))
  }
}

async function answer(call: number, doing: Promise<unknown>) {
  try {
    post(call, null, await doing)
  } catch (error) {
    self.postMessage({ call, failure: described(error) })
  }
}

/** Posts an answer. Arrays in it are transferred. */
function post(call: number, failure: Failure | null, value: unknown): void {
  const transfer = Array.isArray(value) ? value.flatMap((array) => array?.buffer ?? []) : []
  self.postMessage({ call, failure, value }, transfer)
}

async function program(module: WebAssembly.Module): Promise<Do> {
  let act: Do | undefined
  let underWay = 0 // batches
  const { go, exitCode } = await runGo(module, {
    serves: true,
    started(_: string, apply: (...batch: Batch) => void, cancel: (call: number) => void, end: () => void) {
      act = (message) => {
        if (message === 'end') {
          end()
          // WebKit does not always close what a worker has open that is ended in the midst of a transaction.
          if (underWay === 0) self.postMessage('ended')
        } else if (message === 'alive?') return
        else if ('batch' in message) {
          underWay++
          apply(...message.batch)
        } else if ('cancel' in message) cancel(message.cancel)
      }
    },
    answer(...answer: Parameters<typeof post>) {
      underWay--
      post(...answer)
    },
  })
  if (go.exited || !act)
    throw new Error(`asposeCache: the worker ended at its start, with exit code ${exitCode()}`)
  return act
}
