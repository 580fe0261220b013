// The classic script: the cache is there at once, as a global, and loads behind the scenes.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { run, useBrowser } from './support/browser.js'
import { built, file, html } from './support/site.js'

/** A page with the script's tag, and one that looks at the cache before anything else can happen. */
const page = (attributes, script) =>
  html(
    `<!doctype html><script src="/asposecache.global.js" ${attributes}></script><script>${script}</script>`,
  )

const script = (text) => (_, response) =>
  response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(text)

/** What a worker says of the cache, once it has loaded. */
const answer = (path) =>
  script(`importScripts(${path})
    const allocate = async () => ({ size: (await asposeCache.allocate(10)).size })
    const tell = (allocated) => allocated.catch(({ code, message }) => ({ code, message })).then(postMessage)
    onmessage = ({ data }) => tell(asposeCache.load(data).then(allocate))
    tell(allocate())`)

/** @typedef {import('./support/browser.js').Body} Body */

let gate

const { withPage } = useBrowser({
  routes: {
    '/global.html': page('', ''),
    '/elsewhere.html': page('data-wasm-url="/elsewhere/program.wasm"', ''),
    '/missing.html': page('data-wasm-url="missing.wasm"', ''),
    '/elsewhere/program.wasm': file(built('asposecache.wasm'), 'application/wasm'),
    // Answered when the test says so: until then the cache is loading.
    '/held.wasm': async (request, response) => {
      await gate.promise
      file(built('asposecache.wasm'), 'application/wasm')(request, response)
    },
    '/release': (_, response) => {
      gate.open()
      response.end()
    },
    '/held.html': page('data-wasm-url="/held.wasm"', ''),
    '/folders/page.html': html(
      '<!doctype html><base href="/else/"><script src="/asposecache.global.js"></script>',
    ),
    '/folders/worker.js': answer("'/asposecache.global.js'"),
    '/folders/module.html': html(
      '<!doctype html><script type="module" src="/asposecache.global.js"></script>',
    ),
    '/folders/import.html': html(`<!doctype html><script type="module">
      import '/asposecache.global.module.js'
    </script>`),
    '/folders/import-classic.html': html(`<!doctype html><script type="module">
      import '/asposecache.global.js'
    </script>`),
    '/own.html': html(`<!doctype html><script>
      var fs = { mine: 1 }, process = 'mine', path = null; function Go() {}
      globalThis.before = []; before = Object.getOwnPropertyNames(globalThis)
      </script><script src="/asposecache.global.js"></script>`),
  },
})

function hold() {
  gate = {}
  gate.promise = new Promise((resolve) => {
    gate.open = resolve
  })
}

/**
 * A test on a page that has the script.
 *
 * @param {string} name
 * @param {string} path
 * @param {[body: Body] | [options: any, body: Body]} rest
 */
const onPage = (name, path, ...rest) => {
  const [options, body] = rest.length > 1 ? rest : [{}, rest[0]]
  return withPage(name, options, async ({ open }) => {
    hold()
    try {
      await run(await open(path), body, options.arg)
    } finally {
      gate.open()
    }
  })
}

onPage('asposeCache is there at once, with everything a cache has', '/held.html', async (kit) => {
  const { assert } = kit
  const cache = globalThis.asposeCache
  assert.instanceOf(cache, EventTarget)
  assert.equal(cache.CacheType.Auto, 'auto')
  assert.isFunction(cache.CacheError)
  assert.isTrue(cache.CacheFullError.prototype instanceof cache.CacheError)
  assert.instanceOf(cache.ready, Promise)
  assert.deepEqual(kit.counters(cache), [0, 0])
  assert.deepEqual(cache.allocations(), [])
  assert.deepEqual(cache.statistics().memory.allocatedBytes, 0)
  assert.equal(cache.statistics().wasmBytes, 0)
  assert.isTrue(await kit.isPending(cache.ready))
  await fetch('/release')
  await cache.ready
  assert.isAbove(cache.statistics().wasmBytes, 0)
  await cache.close()
})

onPage('calls made before the program has started wait for it', '/held.html', async (kit) => {
  const { assert, counters } = kit
  const cache = globalThis.asposeCache
  const source = kit.noise(300, 3)
  const first = cache.allocate(100, { label: 'first' })
  const second = cache.allocateFrom(source)
  source.fill(0) // the bytes are those of the call
  const flushed = cache.flush()
  for (const promise of [first, second, flushed]) assert.isTrue(await kit.isPending(promise))
  assert.deepEqual(counters(cache), [0, 0])
  await fetch('/release')
  assert.equal((await first).label, 'first')
  kit.assertBytes(await (await second).read(), kit.noise(300, 3))
  await flushed
  assert.deepEqual(counters(cache), [400, 0])
  assert.isBelow((await first).id, (await second).id)
  await cache.close()
  assert.deepEqual(counters(cache), [0, 0])
})

onPage('a wrong argument is refused before the program has started', '/held.html', async (kit) => {
  const { assert, rejection } = kit
  /** @type {any} */
  const cache = globalThis.asposeCache
  assert.instanceOf(await rejection(cache.allocate(-1)), RangeError)
  assert.instanceOf(await rejection(cache.allocate('1')), TypeError)
  assert.instanceOf(await rejection(cache.allocateFrom('1')), TypeError)
  assert.instanceOf(await rejection(cache.configure({ maxMemoryForCache: -1 })), RangeError)
  assert.throws(() => {
    cache.cacheType = 'none'
  }, TypeError)
})

onPage('an abort is heeded before the program has started', '/held.html', async (kit) => {
  const cache = globalThis.asposeCache
  const controller = new AbortController()
  const reason = new Error('enough')
  const call = kit.rejection(cache.allocate(100, { signal: controller.signal }))
  controller.abort(reason)
  const answer = await Promise.race([call, new Promise((r) => setTimeout(r, 1000, 'still waiting'))])
  await fetch('/release')
  kit.assert.strictEqual(answer, reason)
  await cache.ready
  kit.assert.deepEqual(kit.counters(cache), [0, 0])
  await cache.close()
})

onPage('settings made before the program has started are kept', '/held.html', async (kit) => {
  const { assert } = kit
  const cache = globalThis.asposeCache
  const answer = await cache.configure({ maxMemoryForCache: 100, cacheFolder: 'early' })
  assert.equal(answer.maxMemoryForCache, 100)
  cache.exactReallocateOnly = true
  const inMemory = cache.allocate(100)
  const onDisk = cache.allocate(1)
  await fetch('/release')
  assert.equal((await inMemory).medium, 'memory')
  assert.equal((await onDisk).medium, 'disk')
  assert.match((await kit.databases())[0], /^early/)
  assert.isTrue(cache.settings.exactReallocateOnly)
  await cache.close()
  assert.deepEqual(await kit.databases(), [])
})

onPage('a call made early goes by the settings of its own moment', '/held.html', async ({ assert }) => {
  const cache = globalThis.asposeCache
  cache.cacheType = 'cacheOnDiskOnly'
  const onDisk = cache.allocate(10)
  cache.cacheType = 'cacheInMemoryOnly'
  const inMemory = cache.allocate(10)
  await fetch('/release')
  assert.equal((await onDisk).medium, 'disk')
  assert.equal((await inMemory).medium, 'memory')
  await cache.close()
})

onPage('it can be closed before the program has started', '/held.html', async (kit) => {
  const cache = globalThis.asposeCache
  const early = cache.allocate(10)
  early.catch(() => {})
  const closed = cache.close()
  await fetch('/release')
  await closed
  kit.assert.deepEqual(kit.counters(cache), [0, 0])
  for (const call of [cache.allocate(10), cache.configure({})])
    kit.assert.equal((await call.catch((error) => error)).code, 'CACHE_CLOSED')
})

onPage('data-wasm-url says where the program is', '/elsewhere.html', async ({ assert }) => {
  const cache = globalThis.asposeCache
  await cache.ready
  const names = performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname)
  assert.include(names, '/elsewhere/program.wasm')
  assert.notInclude(names, '/asposecache.wasm')
  assert.equal((await cache.allocate(10)).size, 10)
  await cache.close()
})

onPage(
  'without it the program is beside the script, wherever the page is',
  '/folders/page.html',
  async () => {
    await globalThis.asposeCache.ready
    await globalThis.asposeCache.close()
  },
)

onPage('load sets the settings that it is given, also later', '/folders/page.html', async (kit) => {
  const { assert, rejection } = kit
  const cache = globalThis.asposeCache
  await cache.load({ settings: { maxMemoryForCache: 12 } }) // on its way since the script ran
  assert.equal(cache.maxMemoryForCache, 12)
  await cache.load({ settings: { cacheType: 'cacheOnDiskOnly' } })
  assert.deepEqual([cache.maxMemoryForCache, cache.cacheType], [12, 'cacheOnDiskOnly'])
  assert.equal((await cache.allocate(10)).medium, 'disk')
  assert.instanceOf(await rejection(cache.load({ settings: { maxMemoryForCache: -1 } })), RangeError)
  assert.instanceOf(await rejection(cache.load({ settings: { cacheFolder: 'late' } })), TypeError)
  await cache.load()
  assert.deepEqual([cache.maxMemoryForCache, cache.cacheType], [12, 'cacheOnDiskOnly'])
  await cache.close()
})

onPage(
  'after a failure every call tells it, and load tries again',
  '/missing.html',
  { expected: /could not be loaded|Failed to load resource/ },
  async (kit) => {
    const { assert, rejection, counters } = kit
    /** @type {any} */
    const cache = globalThis.asposeCache
    const failed = await rejection(cache.ready)
    assert.instanceOf(failed, cache.CacheError)
    assert.equal(failed.code, 'CACHE_LOAD_FAILED')
    assert.include(failed.message, '404')
    assert.include(failed.message, 'missing.wasm')
    for (const call of [
      () => cache.allocate(1),
      () => cache.flush(),
      () => cache.allocateFrom(new Uint8Array(1)),
    ])
      assert.equal((await rejection(call())).code, 'CACHE_LOAD_FAILED')
    assert.deepEqual(counters(cache), [0, 0])
    await cache.configure({ maxMemoryForCache: 12 })
    assert.equal((await rejection(cache.load())).code, 'CACHE_LOAD_FAILED')
    assert.equal((await rejection(cache.load({ wasmURL: '/nor-there.wasm' }))).code, 'CACHE_LOAD_FAILED')
    assert.instanceOf(await rejection(cache.load({ wasmUrl: '/asposecache.wasm' })), TypeError)
    assert.instanceOf(await rejection(cache.load({ worker: true })), TypeError)
    await cache.load({ wasmURL: '/asposecache.wasm' })
    await cache.ready
    assert.equal(cache.maxMemoryForCache, 12)
    assert.equal((await cache.allocate(12)).medium, 'memory')
    assert.deepEqual(counters(cache), [12, 0])
    await cache.close()
  },
)

onPage(
  'load takes settings, too',
  '/missing.html',
  { expected: /could not be loaded|Failed to load resource/ },
  async ({ assert, rejection }) => {
    const cache = globalThis.asposeCache
    await rejection(cache.ready)
    await cache.configure({ maxDiskSpaceForCache: 9 })
    await cache.load({
      wasmURL: '/asposecache.wasm',
      settings: { maxMemoryForCache: 21 },
      captureStacks: true,
      debugViews: true,
    })
    assert.equal(cache.maxMemoryForCache, 21)
    const allocation = await cache.allocate(5)
    assert.isString(cache.allocations()[0].stack)
    assert.throws(() => allocation.forEachView(0, 5, (view) => view.fill(1)), TypeError, 'write: true')
    await cache.close()
  },
)

onPage('load of a cache that runs already loses nothing', '/global.html', async (kit) => {
  const { assert, counters } = kit
  const cache = globalThis.asposeCache
  await cache.ready
  const allocation = await cache.allocateFrom(new Uint8Array([1, 2, 3]))
  await cache.load().catch(() => {})
  assert.deepEqual(counters(cache), [3, 0])
  assert.deepEqual([...(await allocation.read())], [1, 2, 3])
  assert.lengthOf(cache.allocations(), 1)
  await allocation.dispose()
  assert.deepEqual(counters(cache), [0, 0])
  await cache.close()
})

onPage('the page keeps its own fs, process, path and Go', '/own.html', async ({ assert }) => {
  const cache = globalThis.asposeCache
  await cache.ready
  assert.equal((await cache.allocate(10)).size, 10)
  assert.deepEqual(globalThis.fs, { mine: 1 })
  assert.equal(globalThis.process, 'mine')
  assert.isNull(globalThis.path)
  assert.equal(globalThis.Go.name, 'Go')
  const added = Object.getOwnPropertyNames(globalThis).filter((name) => !globalThis.before.includes(name))
  assert.deepEqual(added, ['asposeCache'])
  await cache.close()
})

const modules = [
  ['as a module by its tag', '/folders/module.html'],
  ['imported by a module', '/folders/import-classic.html'],
  ['the build of it that is a module', '/folders/import.html'],
]
for (const [name, path] of modules) {
  onPage(`the program is found beside the script: ${name}`, path, async ({ assert }) => {
    await new Promise((resolve) => {
      if (document.readyState === 'complete') resolve(undefined)
      else addEventListener('load', resolve)
    })
    assert.equal((await globalThis.asposeCache.allocate(10)).size, 10)
    await globalThis.asposeCache.close()
  })
}

onPage('the program is found beside the script: in a classic worker', '/', async ({ assert }) => {
  const worker = new Worker('/folders/worker.js')
  const { data } = await new Promise((resolve, reject) => {
    worker.onmessage = resolve
    worker.onerror = ({ message }) => reject(new Error(message))
  })
  assert.deepEqual(data, { size: 10 })
  worker.terminate()
})

onPage(
  'where the script has no address of its own the error says what to write',
  '/',
  // Firefox tells of an error that a worker reports only that it is one.
  { expected: /could not be loaded|^JSHandle@error$/ },
  async ({ assert }) => {
    const [library, rest] = await Promise.all(
      ['/asposecache.global.js', '/folders/worker.js'].map(async (path) => (await fetch(path)).text()),
    )
    const worker = new Worker(URL.createObjectURL(new Blob([library, rest.replace(/importScripts.*/, '')])))
    const heard = () =>
      new Promise((resolve, reject) => {
        worker.onmessage = ({ data }) => resolve(data)
        worker.onerror = ({ message }) => reject(new Error(message))
      })
    const { code, message } = await heard()
    assert.equal(code, 'CACHE_LOAD_FAILED')
    assert.include(message, "asposeCache.load({ wasmURL: '/asposecache.wasm' })")
    worker.postMessage({ wasmURL: `${location.origin}/asposecache.wasm` })
    assert.deepEqual(await heard(), { size: 10 })
    worker.terminate()
  },
)

for (const name of ['asposecache.global.js', 'asposecache.global.module.js']) {
  test(`under Node importing it does no harm, and what is called says why not: ${name}`, () => {
    const program = `
      await import(${JSON.stringify(pathToFileURL(built(name)))})
      const error = await asposeCache.allocate(10).catch((error) => error)
      console.log(JSON.stringify([error instanceof asposeCache.CacheError, error.code, error.message]))`
    const said = execFileSync(process.execPath, ['--input-type=module', '--eval', program], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [ours, code, message] = JSON.parse(said)
    assert.deepEqual([ours, code], [true, 'CACHE_LOAD_FAILED'])
    assert.match(message, /browser/)
  })
}

withPage('calls with a signal keep their place while the program is on its way', {}, async ({ open }) => {
  const page = await open()
  const order = await page.evaluate(async () => {
    const script = document.createElement('script')
    script.src = '/asposecache.global.js'
    document.head.append(script)
    await new Promise((resolve) => script.addEventListener('load', resolve))
    const cache = globalThis.asposeCache
    await cache.configure({ maxMemoryForCache: 100, cacheType: 'cacheInMemoryOnly' })
    const { signal } = new AbortController()
    const told = (allocated) =>
      allocated.then(
        () => 'had room',
        ({ code }) => code,
      )
    const first = told(cache.allocate(100, { signal }))
    const second = told(cache.allocate(100))
    return [await first, await second]
  })
  assert.deepEqual(order, ['had room', 'CACHE_FULL'])
})
