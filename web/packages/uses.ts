import { loadAsposeCache, createHistory, CacheError, type CacheSurface } from 'asposecache'
import 'asposecache/global'
import * as painterro from 'asposecache/painterro'
import wasmURL from 'asposecache/asposecache.wasm'

const cache = await loadAsposeCache({ wasmURL })
const layer = await cache.allocate(4, { label: 'layer' })
const bytes: Uint8Array = await layer.read()
const surface: CacheSurface = await cache.allocateSurface({ width: 1, height: 1 })
const pixels: Uint8ClampedArray = surface.readRectSync()
const picture = new ImageData(await surface.readRect(), 1)
// @ts-expect-error There is no such option: the types are found, and are not `any`.
cache.allocate(4, { lable: 'layer' })
export { bytes, createHistory, CacheError, painterro, picture, pixels, asposeCache }
