// What goes over the wire.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants } from 'node:zlib'
import { built } from '../test/support/site.js'

const compressed = (path) =>
  brotliCompressSync(readFileSync(path), { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length / 1000

/** In kB with brotli 11; `folder` is where the benchmark was built. */
export const sizes = (folder) => ({
  program: compressed(built('asposecache.wasm')),
  script: compressed(built('asposecache.js')),
  linked: compressed(join(folder, 'linked.wasm')),
})
