import { install } from './global-cache'

/**
 * The address of this script, which only its own stack tells where it is no script of a page's tag: in
 * workers, and where it is imported. Each engine writes a stack in its own way, with `address:line:column`.
 */
const address = /(?:blob:)?[a-z][\w+.-]*:\/\/\S+?(?=:\d+:\d)/i.exec(Error().stack ?? '')?.[0]
const page = globalThis.document as Document | undefined
// The first is known only while the script runs for the first time, and never of a module.
const script = (page?.currentScript ?? [...(page?.scripts ?? [])].find(({ src }) => src === address)) as
  HTMLScriptElement | null | undefined

const beside = (name: string) => new URL(name, script?.src || address || page?.baseURI)

install(
  { url: () => beside('./asposecache.wasm'), workerURL: () => beside('./asposecache.worker.js') },
  script?.dataset.wasmUrl,
)
