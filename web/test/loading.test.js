// How an instance comes to be, and what is said when it does not.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { buildSync } from 'esbuild'
import { engine, run, useBrowser } from './support/browser.js'
import { built, file, html } from './support/site.js'

const policy = (value) => html('<!doctype html><title>strict</title>', { 'Content-Security-Policy': value })
const other = join(tmpdir(), `asposecache-other-${process.pid}.wasm`)

const wasm = (type) => file(built('asposecache.wasm'), type)
const bytes =
  (...values) =>
  (_, response) =>
    response.writeHead(200, { 'Content-Type': 'application/wasm' }).end(Buffer.from(values))

/** A bundle that is a classic script: a module's address is not known in it. */
const [{ text: bundle }] = buildSync({
  stdin: {
    contents: `export { loadAsposeCache } from ${JSON.stringify(built('asposecache.js'))}`,
    resolveDir: import.meta.dirname,
  },
  bundle: true,
  format: 'iife',
  globalName: 'bundle',
  write: false,
  logLevel: 'error',
}).outputFiles

const { inPage, withPage } = useBrowser({
  routes: {
    '/bundle.js': (_, response) => response.end(bundle),
    '/elsewhere/program': wasm('application/wasm'),
    '/parameter.wasm': wasm('application/wasm; charset=utf-8'),
    '/octets.wasm': wasm('application/octet-stream'),
    '/untyped.wasm': (_, response) => response.end(readFileSync(built('asposecache.wasm'))),
    '/page.wasm': html('<!doctype html><h1>Not found</h1>'),
    '/page-typed.wasm': (_, response) =>
      response
        .writeHead(200, { 'Content-Type': 'application/wasm' })
        .end('<!doctype html><h1>Not found</h1>'),
    '/nothing.wasm': bytes(),
    '/empty.wasm': bytes(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0),
    '/cut.wasm': (_, response) =>
      response
        .writeHead(200, { 'Content-Type': 'application/wasm' })
        .end(readFileSync(built('asposecache.wasm')).subarray(0, 1_000_000)),
    '/broken.wasm': (request) => request.socket.destroy(),
    '/forbidden.wasm': (_, response) => response.writeHead(403).end(),
    '/other.wasm': (request, response) => file(other, 'application/wasm')(request, response),
    '/no-wasm.html': policy("script-src 'self'"),
    '/wasm.html': policy("script-src 'self' 'wasm-unsafe-eval'"),
  },
})

test('under Node the module can be imported, touches no global, and does not load', async (t) => {
  const before = Object.getOwnPropertyNames(globalThis).sort()
  const asked = []
  const browserGlobals = ['window', 'self', 'document', 'location', 'indexedDB', 'origin', 'caches']
  for (const name of browserGlobals) {
    assert.ok(!(name in globalThis), name)
    Object.defineProperty(globalThis, name, {
      configurable: true,
      get() {
        asked.push(name)
        return undefined
      },
    })
  }
  t.after(() => {
    for (const name of browserGlobals) delete globalThis[name]
  })
  const module = await import(pathToFileURL(built('asposecache.js')).href)
  assert.deepEqual(asked, [])
  for (const name of browserGlobals) delete globalThis[name]
  assert.deepEqual(Object.getOwnPropertyNames(globalThis).sort(), before)
  assert.deepEqual(Object.keys(module).sort(), [
    'CacheError',
    'CacheFullError',
    'CacheType',
    'createHistory',
    'loadAsposeCache',
  ])
  await assert.rejects(module.loadAsposeCache(), (/** @type {any} */ error) => {
    assert.ok(error instanceof module.CacheError)
    assert.equal(error.code, 'CACHE_LOAD_FAILED')
    assert.equal(error.name, 'CacheError')
    assert.match(error.message, /browser/)
    return true
  })
  assert.deepEqual(Object.getOwnPropertyNames(globalThis).sort(), before)
})

inPage('loading leaves no new global on the page', async ({ assert }) => {
  const before = Object.getOwnPropertyNames(globalThis).sort()
  const { loadAsposeCache } = await import('/asposecache.js')
  const cache = await loadAsposeCache()
  cache.cacheType = 'cacheOnDiskOnly'
  const allocation = await cache.allocate(10)
  await allocation.write(new Uint8Array(10))
  assert.deepEqual(Object.getOwnPropertyNames(globalThis).sort(), before)
  await cache.close()
  assert.deepEqual(Object.getOwnPropertyNames(globalThis).sort(), before)
})

inPage('globals of the page that are named like those of Go are left alone', async ({ assert, load }) => {
  const mine = { fs: { constants: 5 }, process: 'mine', path: null, Go: class Go {}, asposeCacheHost: 7 }
  Object.assign(globalThis, mine)
  const cache = await load()
  const allocation = await cache.allocate(3)
  await allocation.write(new Uint8Array([1, 2, 3]))
  assert.deepEqual([...(await allocation.read())], [1, 2, 3])
  for (const [name, value] of Object.entries(mine)) assert.strictEqual(globalThis[name], value, name)
})

const addresses = [
  ['a relative address', '/elsewhere/program', undefined],
  ['a MIME type with a parameter, which browsers refuse', 'parameter.wasm', /is served as/],
]
for (const [name, wasmURL, expected] of addresses) {
  inPage(`wasmURL: ${name}`, { arg: wasmURL, expected }, async ({ assert, load, counters }, wasmURL) => {
    const cache = await load({ wasmURL })
    await cache.allocate(5)
    assert.deepEqual(counters(cache), [5, 0])
    const again = await load({ wasmURL: new URL(wasmURL, location.href) })
    await again.allocate(6)
    assert.deepEqual(counters(again), [6, 0])
  })
}

inPage('wasmModule wins over wasmURL, and can be used for several instances', async (kit) => {
  const wasmModule = await WebAssembly.compileStreaming(fetch('/asposecache.wasm'))
  const one = await kit.load({ wasmModule, wasmURL: '/does-not-exist.wasm' })
  const two = await kit.load({ wasmModule })
  await one.allocate(5)
  kit.assert.deepEqual(kit.counters(one), [5, 0])
  kit.assert.deepEqual(kit.counters(two), [0, 0])
})

for (const wasmURL of ['/octets.wasm', '/untyped.wasm']) {
  withPage(
    `a wrong MIME type is fallen back from, with a warning: ${wasmURL}`,
    { expected: /wasm/ },
    async (t) => {
      await run(
        await t.open(),
        async ({ load, assert }, wasmURL) => {
          const warnings = []
          console.warn = (text) => warnings.push(text)
          const cache = await load({ wasmURL })
          assert.equal((await cache.allocate(10)).size, 10)
          assert.lengthOf(warnings, 1)
          assert.include(warnings[0], 'application/wasm')
          assert.include(warnings[0], wasmURL)
        },
        wasmURL,
      )
    },
  )
}

const whatToWrite = 'wasmURL says where the program is'
const failures = [
  ['HTTP 404', { wasmURL: '/does-not-exist.wasm' }, ['404', 'does-not-exist.wasm', whatToWrite]],
  ['HTTP 403', { wasmURL: '/forbidden.wasm' }, ['403', 'forbidden.wasm', whatToWrite]],
  ['a network that fails', { wasmURL: '/broken.wasm' }, ['broken.wasm', whatToWrite, 'connect-src', 'CORS']],
  ['a page in place of the program', { wasmURL: '/page.wasm' }, ['page.wasm', 'text/html', whatToWrite]],
  ['a page with the type of the program', { wasmURL: '/page-typed.wasm' }, ['page-typed.wasm', whatToWrite]],
  ['an empty file', { wasmURL: '/nothing.wasm' }, ['nothing.wasm']],
  ['a file that is cut off', { wasmURL: '/cut.wasm' }, ['cut.wasm']],
  ['another module', { wasmURL: '/empty.wasm' }, []],
  ['an address that is none', { wasmURL: 'http://[' }, ['http://[']],
]
for (const [name, options, words] of failures) {
  inPage(
    `loading fails with an error that says why, and can be tried again: ${name}`,
    { arg: [options, words], expected: /Failed to load resource|served as/ },
    async ({ asposecache, assert, rejectsWith, load }, [options, words]) => {
      for (let i = 0; i < 2; i++) {
        const error = await rejectsWith('CACHE_LOAD_FAILED', asposecache.loadAsposeCache(options))
        for (const word of words) assert.include(error.message, word)
      }
      const cache = await load()
      assert.equal((await cache.allocate(10)).size, 10)
    },
  )
}

inPage(
  'where the address of the module is not known the error says what to write',
  async ({ assert, rejection }) => {
    await new Promise((resolve, reject) => {
      const script = Object.assign(document.createElement('script'), { src: '/bundle.js' })
      Object.assign(script, { onload: resolve, onerror: reject })
      document.head.append(script)
    })
    const { loadAsposeCache } = globalThis.bundle
    const error = await rejection(loadAsposeCache())
    assert.equal(error.code, 'CACHE_LOAD_FAILED', String(error))
    assert.include(error.message, "loadAsposeCache({ wasmURL: '/asposecache.wasm' })")
    const cache = await loadAsposeCache({ wasmURL: '/asposecache.wasm' })
    assert.equal((await cache.allocate(10)).size, 10)
    await cache.close()
  },
)

withPage(
  'opened as a file it says that the page has to come from a server',
  { expected: /file:|CORS|Failed to load resource/ },
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'asposecache-file-'))
    try {
      for (const name of ['asposecache.global.js', 'asposecache.wasm'])
        copyFileSync(built(name), join(folder, name))
      writeFileSync(join(folder, 'page.html'), '<!doctype html><script src="asposecache.global.js"></script>')
      const page = await t.open(null)
      await page.goto(`file://${folder}/page.html`)
      const said = await page.evaluate(() =>
        asposeCache.ready.then(
          () => 'loaded',
          ({ message }) => message,
        ),
      )
      // Browsers that tests run can be allowed to read files.
      assert.match(
        said,
        engine === 'chromium' ? /has to come from a server$/ : /has to come from a server$|^loaded$/,
      )
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
)

withPage('a program of another version is refused, and both versions are named', {}, async (t) => {
  const env = { ...process.env, GOOS: 'js', GOARCH: 'wasm' }
  const flags = ['-trimpath', '-ldflags=-s -w -X main.version=99.9.9']
  execFileSync('go', ['build', ...flags, '-o', other, './wasm'], {
    cwd: join(import.meta.dirname, '../..'),
    env,
  })
  try {
    await run(await t.open(), async (kit) => {
      const promise = kit.asposecache.loadAsposeCache({ wasmURL: '/other.wasm' })
      const error = await kit.rejectsWith('CACHE_LOAD_FAILED', promise)
      kit.assert.include(error.message, '99.9.9')
      kit.assert.match(error.message, /\b(?!99)\d+\.\d+\.\d+/)
      kit.assert.isEmpty(await kit.databases())
      await kit.load()
    })
  } finally {
    rmSync(other, { force: true })
  }
})

const scriptPolicies = [
  ['/no-wasm.html', false],
  ['/wasm.html', true],
]
for (const [path, works] of scriptPolicies) {
  const name = works ? 'with wasm-unsafe-eval it loads' : 'without wasm-unsafe-eval the error names it'
  withPage(
    `under a Content-Security-Policy ${name}`,
    { expected: /Content Security Policy|Content-Security-Policy/ },
    async (t) => {
      const page = await t.open(path)
      const answer = await page.evaluate(async () => {
        const { loadAsposeCache } = await import('/asposecache.js')
        try {
          const cache = await loadAsposeCache()
          const { size } = await cache.allocate(10)
          await cache.close()
          return { size }
        } catch ({ code, message }) {
          return { code, message }
        }
      })
      if (works) return assert.deepEqual(answer, { size: 10 })
      assert.equal(answer.code, 'CACHE_LOAD_FAILED')
      assert.match(answer.message, /must allow 'wasm-unsafe-eval' in script-src$/)
    },
  )
}

inPage('options that are not known, or of a wrong type, are refused', async (kit) => {
  const { asposecache, assert, rejection } = kit
  /** @type {[options: any, name: string][]} */
  const wrong = [
    [null, 'options'],
    ['/asposecache.wasm', 'options'],
    [1, 'options'],
    [{ wasmUrl: '/asposecache.wasm' }, 'wasmUrl'],
    [{ maxMemoryForCache: 1 }, 'maxMemoryForCache'],
    [{ worker: true }, 'worker'],
    [{ worker: false }, 'worker'],
    [{ wasmURL: 1 }, 'wasmURL'],
    [{ wasmURL: null }, 'wasmURL'],
    [{ wasmURL: { href: '/asposecache.wasm' } }, 'wasmURL'],
    [{ wasmModule: null }, 'wasmModule'],
    [{ wasmModule: new ArrayBuffer(8) }, 'wasmModule'],
    [{ wasmModule: {} }, 'wasmModule'],
    [{ captureStacks: 'yes' }, 'captureStacks'],
    [{ captureStacks: null }, 'captureStacks'],
    [{ captureStacks: 1 }, 'captureStacks'],
    [{ debugViews: 'yes' }, 'debugViews'],
    [{ debugViews: null }, 'debugViews'],
    [{ debugViews: 1 }, 'debugViews'],
    [{ settings: null }, 'settings'],
    [{ settings: 'auto' }, 'settings'],
  ]
  for (const [options, name] of wrong) {
    const error = await rejection(asposecache.loadAsposeCache(options), JSON.stringify(options))
    assert.strictEqual(error.constructor, TypeError, String(error))
    assert.include(error.message, name)
  }
})

inPage('instances are independent', async ({ load, assert, counters, noise, assertBytes }) => {
  const [one, two] = await Promise.all([load(), load({ settings: { cacheType: 'cacheOnDiskOnly' } })])
  assert.notStrictEqual(one, two)
  const a = await one.allocate(1000)
  const b = await two.allocate(2000)
  await a.write(noise(1000, 1))
  await b.write(noise(2000, 2))
  assert.deepEqual(
    [counters(one), counters(two)],
    [
      [1000, 0],
      [0, 2000],
    ],
  )
  await one.close()
  assert.deepEqual(
    [counters(one), counters(two)],
    [
      [0, 0],
      [0, 2000],
    ],
  )
  assertBytes(await b.read(), noise(2000, 2))
})

inPage('where not even an empty database fits, the disk is full', async (kit) => {
  const { load, rejectsWith, assertFull, assert, counters } = kit
  const { open } = IDBFactory.prototype
  IDBFactory.prototype.open = () => {
    throw new DOMException('no space left on the device', 'QuotaExceededError')
  }
  try {
    const cache = await load({ settings: { cacheType: 'cacheOnDiskOnly' } })
    const expected = { medium: 'disk', requested: 10, allocated: 0, reason: 'quota' }
    assertFull(await rejectsWith('CACHE_FULL', cache.allocate(10)), expected)
    await cache.configure({ cacheType: 'auto', maxMemoryForCache: 5 })
    const full = await rejectsWith('CACHE_FULL', cache.allocate(10))
    assertFull(full, { medium: 'memory', requested: 10, reason: 'limit' })
    assertFull(full.cause, expected)
    assert.equal((await cache.allocate(5)).medium, 'memory')
    assert.deepEqual(counters(cache), [5, 0])
  } finally {
    IDBFactory.prototype.open = open
  }
})

inPage('where a page may store nothing the error speaks of storage, not of locks', async (kit) => {
  const { load, rejectsWith, assert } = kit
  const { request } = LockManager.prototype
  LockManager.prototype.request = () =>
    Promise.reject(new DOMException('Access to the Locks API is denied in this context.', 'SecurityError'))
  try {
    const cache = await load({ settings: { cacheType: 'cacheOnDiskOnly' } })
    const { message } = await rejectsWith('CACHE_UNAVAILABLE', cache.allocate(10))
    assert.match(message, /IndexedDB.*storage.*cookies/)
    assert.notMatch(message, /lock(?!ed)/i)
  } finally {
    LockManager.prototype.request = request
  }
})

const withoutIndexedDB = [
  ['is null', () => Object.defineProperty(globalThis, 'indexedDB', { value: null, configurable: true })],
  [
    'is missing',
    () => Object.defineProperty(globalThis, 'indexedDB', { value: undefined, configurable: true }),
  ],
  [
    'throws when it is asked for',
    () =>
      Object.defineProperty(globalThis, 'indexedDB', {
        get() {
          throw new DOMException('not here', 'SecurityError')
        },
        configurable: true,
      }),
  ],
  [
    'throws when it is used',
    () => {
      IDBFactory.prototype.open = () => {
        throw new DOMException('not here', 'SecurityError')
      }
    },
  ],
  [
    'is something else',
    () => Object.defineProperty(globalThis, 'indexedDB', { value: {}, configurable: true }),
  ],
]
for (const [name, remove] of withoutIndexedDB) {
  inPage(
    `where indexedDB ${name} the cache works in memory alone`,
    { arg: String(remove) },
    async ({ load, assert, rejectsWith, assertFull, counters, noise, assertBytes, leave }, remove) => {
      // a function that came as text
      globalThis.eval(`(${remove})()`)
      const cache = await load({ settings: { maxMemoryForCache: 1000 } })
      const inMemory = await cache.allocate(900)
      await inMemory.write(noise(900))
      await inMemory.flush()
      await cache.flush()
      const full = await rejectsWith('CACHE_FULL', cache.allocate(101))
      assertFull(full, { requested: 101 })
      assert.equal(full.cause?.code, 'CACHE_UNAVAILABLE', String(full.cause))
      assert.deepEqual(counters(cache), [900, 0])
      cache.cacheType = 'cacheOnDiskOnly'
      await rejectsWith('CACHE_UNAVAILABLE', cache.allocate(1))
      await rejectsWith('CACHE_UNAVAILABLE', cache.allocate(0))
      assert.deepEqual(counters(cache), [900, 0])
      await cache.configure({ cacheType: 'auto', exactReallocateOnly: true })
      await rejectsWith('CACHE_FULL', inMemory.reallocate(1001))
      assertBytes(await inMemory.read(), noise(900))
      assert.deepEqual(counters(cache), [900, 0])
      await inMemory.dispose()
      await cache.close()
      assert.deepEqual(counters(cache), [0, 0])
      return leave
    },
  )
}
