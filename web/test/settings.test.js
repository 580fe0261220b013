// What can be set, to what, and what is refused.
import { useBrowser } from './support/browser.js'

const { inPage } = useBrowser()

const defaults = {
  cacheType: 'auto',
  cacheFolder: 'asposeCache',
  maxMemoryForCache: 0,
  maxDiskSpaceForCache: 0,
  exactReallocateOnly: false,
  spillPolicy: 'never',
}

inPage('the defaults are those of the table', { arg: defaults }, async ({ load, assert }, expected) => {
  const cache = await load()
  assert.deepEqual({ ...cache.settings }, expected)
  for (const [name, value] of Object.entries(expected)) assert.strictEqual(cache[name], value, name)
})

const allowed = [
  ['cacheType', ['auto', 'cacheInMemoryOnly', 'cacheOnDiskOnly']],
  ['cacheFolder', ['x', 'a/b', ' ', 'ünï', '-', 'x'.repeat(300), '\u{1f58c}', '\ufeffx', 'a\0b', '\ufffd']],
  ['maxMemoryForCache', [0, 1, 40000, 2 ** 31, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER]],
  ['maxDiskSpaceForCache', [0, 1, 40000, 2 ** 31, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER]],
  ['exactReallocateOnly', [true, false]],
  ['spillPolicy', ['coldest', 'never']],
]

inPage(
  'each allowed value can be set when loading, by configure and as a property',
  { arg: allowed },
  async ({ load, assert }, table) => {
    const cache = await load()
    for (const [name, values] of table) {
      for (const value of values) {
        const before = { ...cache.settings }
        const answer = await cache.configure({ [name]: value })
        assert.deepEqual(answer, { ...before, [name]: value }, `${name} by configure`)
        assert.deepEqual({ ...cache.settings }, answer)
        assert.strictEqual(cache[name], value)
        await cache.setDefaults()
        cache[name] = value
        assert.strictEqual(cache[name], value, `${name} as a property`)
        assert.strictEqual(cache.settings[name], value)
        await cache.setDefaults()
      }
      const last = await load({ settings: { [name]: values.at(-1) } })
      assert.strictEqual(last.settings[name], values.at(-1), `${name} when loading`)
      await last.close()
    }
  },
)

inPage('CacheType has the names of the enumeration', async ({ load, assert, asposecache }) => {
  const { CacheType } = asposecache
  assert.deepEqual(
    { ...CacheType },
    { Auto: 'auto', CacheInMemoryOnly: 'cacheInMemoryOnly', CacheOnDiskOnly: 'cacheOnDiskOnly' },
  )
  const cache = await load({ settings: { cacheType: CacheType.CacheOnDiskOnly } })
  assert.equal(cache.cacheType, 'cacheOnDiskOnly')
})

inPage('undefined means absent', { arg: defaults }, async ({ load, assert }, expected) => {
  const nothing = Object.fromEntries(Object.keys(expected).map((name) => [name, undefined]))
  const cache = await load({ settings: { ...nothing, maxMemoryForCache: 7 } })
  await cache.configure(nothing)
  await cache.configure({})
  await cache.configure(undefined)
  assert.deepEqual({ ...cache.settings }, { ...expected, maxMemoryForCache: 7 })
})

inPage('setDefaults sets all of them', { arg: defaults }, async ({ load, assert }, expected) => {
  const settings = {
    cacheType: 'cacheOnDiskOnly',
    cacheFolder: 'elsewhere',
    maxMemoryForCache: 1,
    maxDiskSpaceForCache: 2,
    exactReallocateOnly: true,
    spillPolicy: 'coldest',
  }
  const cache = await load({ settings })
  assert.deepEqual({ ...cache.settings }, settings)
  assert.deepEqual(await cache.setDefaults(), expected)
  assert.deepEqual({ ...cache.settings }, expected)
})

inPage('what settings answers cannot be used to change them', async ({ load, assert }) => {
  const cache = await load()
  assert.throws(() => {
    // @ts-expect-error it is read-only
    cache.settings.maxMemoryForCache = 5
  }, TypeError)
  const answer = await cache.configure({ maxDiskSpaceForCache: 9 })
  answer.maxDiskSpaceForCache = 10
  assert.equal(cache.maxDiskSpaceForCache, 9)
  const given = { maxMemoryForCache: 3 }
  await cache.configure(given)
  given.maxMemoryForCache = 4
  assert.equal(cache.maxMemoryForCache, 3)
})

inPage('configure takes effect at the call, without being awaited', async ({ load, assert }) => {
  const cache = await load()
  const configured = cache.configure({ cacheType: 'cacheOnDiskOnly' })
  assert.equal(cache.cacheType, 'cacheOnDiskOnly')
  const onDisk = cache.allocate(10)
  cache.cacheType = 'cacheInMemoryOnly'
  const inMemory = cache.allocate(10)
  assert.equal((await onDisk).medium, 'disk')
  assert.equal((await inMemory).medium, 'memory')
  await configured
})

inPage('a wrong value is refused and changes nothing, nor does what came with it', async (kit) => {
  const { load, assert, rejection } = kit
  const cache = await load({ settings: { maxMemoryForCache: 11, cacheFolder: 'mine' } })
  const before = { ...cache.settings }
  const throwing = () => {
    throw new Error('must not be called')
  }
  const trap = { valueOf: throwing, toString: throwing, [Symbol.toPrimitive]: throwing }
  const notStrings = [
    null,
    0,
    1,
    true,
    1n,
    Symbol('s'),
    [],
    ['auto'],
    {},
    () => 'auto',
    new String('auto'),
    trap,
  ]
  const notNumbers = [
    null,
    '1',
    '',
    true,
    1n,
    Symbol('s'),
    [],
    [1],
    {},
    () => 1,
    new Number(1),
    new Date(),
    trap,
  ]
  const badNumbers = [-1, -0.5, 0.5, 1.5, Number.NaN, Infinity, -Infinity, 2 ** 53, 1e300]
  const notBooleans = [null, 0, 1, '', 'true', 1n, Symbol('s'), {}, new Boolean(true), trap]
  /** @type {Record<string, [Function, any[]][]>} */
  const wrong = {
    cacheType: [
      [TypeError, notStrings],
      [TypeError, ['', 'Auto', 'AUTO', 'auto ', 'memory', 'toString', '__proto__']],
    ],
    cacheFolder: [[TypeError, [...notStrings, '', '\ud800', 'a\udc00b', 'half \ud83d']]],
    maxMemoryForCache: [
      [TypeError, notNumbers],
      [RangeError, badNumbers],
    ],
    maxDiskSpaceForCache: [
      [TypeError, notNumbers],
      [RangeError, badNumbers],
    ],
    exactReallocateOnly: [[TypeError, notBooleans]],
    spillPolicy: [[TypeError, [...notStrings, '', 'Never', 'hottest']]],
  }
  const show = (value) => (value === trap ? 'an object that cannot be converted' : String(value))
  for (const [name, groups] of Object.entries(wrong)) {
    for (const [Kind, values] of groups) {
      for (const value of values) {
        const what = `${name} = ${show(value)} (${typeof value})`
        const check = (error, how) => {
          assert.strictEqual(error.constructor, Kind, `${what} ${how}: ${error}`)
          assert.include(error.message, name, `${what} ${how}`)
          assert.deepEqual({ ...cache.settings }, before, `${what} ${how}`)
        }
        /** @type {Partial<import('../src/asposecache.js').CacheSettings>} */
        const others = { exactReallocateOnly: true, maxDiskSpaceForCache: 5, cacheType: 'cacheInMemoryOnly' }
        check(await rejection(cache.configure({ ...others, [name]: value }), what), 'by configure')
        check(
          await rejection(kit.asposecache.loadAsposeCache({ settings: { [name]: value } }), what),
          'by load',
        )
        let thrown
        try {
          cache[name] = value
        } catch (error) {
          thrown = error
        }
        assert.exists(thrown, `${what} as a property`)
        check(thrown, 'as a property')
      }
    }
    assert.throws(() => {
      cache[name] = undefined
    }, TypeError)
  }
})

inPage('an error says what was given and what is allowed', async ({ load, assert, rejection }) => {
  /** @type {any} */
  const cache = await load()
  const type = await rejection(cache.configure({ cacheType: 'disk' }))
  for (const word of ['cacheType', 'disk', 'auto', 'cacheInMemoryOnly', 'cacheOnDiskOnly'])
    assert.include(type.message, word)
  assert.include((await rejection(cache.configure({ maxMemoryForCache: -5 }))).message, '-5')
  assert.include((await rejection(cache.configure({ maxMemoryForCache: 12n }))).message, '12')
  assert.include((await rejection(cache.configure({ cacheFolder: 42 }))).message, '42')
})

inPage('keys that are not settings are refused', { arg: defaults }, async (kit, expected) => {
  const { load, assert, rejection, asposecache } = kit
  const cache = await load()
  for (const key of ['spill', 'maxMemory', 'MaxMemoryForCache', 'cachetype', 'toString', '']) {
    const error = await rejection(cache.configure({ maxMemoryForCache: 1, [key]: 'never' }), key)
    assert.instanceOf(error, TypeError)
    assert.include(error.message, key)
    assert.deepEqual({ ...cache.settings }, expected, key)
    assert.instanceOf(
      await rejection(asposecache.loadAsposeCache({ settings: { [key]: 'never' } })),
      TypeError,
    )
  }
  assert.notProperty(cache, 'spill')
  assert.notProperty(cache.settings, 'spill')
})

inPage('what is no object of settings is refused', { arg: defaults }, async (kit, expected) => {
  const cache = await kit.load()
  for (const value of /** @type {any[]} */ ([null, 'auto', 1, true, 1n, Symbol('s'), () => {}]))
    kit.assert.instanceOf(await kit.rejection(cache.configure(value), String(value)), TypeError)
  kit.assert.deepEqual({ ...cache.settings }, expected)
})

inPage('a setting that throws when it is read changes nothing', async ({ load, assert, rejection }) => {
  const cache = await load()
  const mine = new Error('mine')
  /** @type {any} */
  const settings = {
    cacheType: 'cacheInMemoryOnly',
    get maxMemoryForCache() {
      throw mine
    },
  }
  assert.strictEqual(await rejection(cache.configure(settings)), mine)
  assert.equal(cache.cacheType, 'auto')
})

inPage('the folder can be changed until the disk is first used', async (kit) => {
  const { load, assert, rejection, databases } = kit
  const cache = await load({ settings: { cacheFolder: 'first' } })
  await cache.configure({ cacheFolder: 'second' })
  cache.cacheFolder = 'third'
  await cache.allocate(10) // in memory: the disk is not used
  assert.deepEqual(await databases(), [])
  cache.cacheFolder = 'fourth'
  cache.cacheType = 'cacheOnDiskOnly'
  const waiting = cache.allocate(10)
  assert.throws(() => {
    cache.cacheFolder = 'fifth' // the database is being opened already
  }, TypeError)
  await waiting
  const names = await databases()
  assert.lengthOf(names, 1)
  assert.match(names[0], /^fourth/)
  const error = await rejection(cache.configure({ cacheFolder: 'fifth', maxMemoryForCache: 5 }))
  assert.instanceOf(error, TypeError)
  assert.include(error.message, 'cacheFolder')
  assert.equal(cache.maxMemoryForCache, 0, 'all or nothing')
  assert.equal(cache.cacheFolder, 'fourth')
  await cache.configure({ cacheFolder: 'fourth', maxMemoryForCache: 6 })
  assert.equal(cache.maxMemoryForCache, 6)
  const settings = await cache.setDefaults()
  assert.equal(settings.cacheFolder, 'fourth', 'setDefaults leaves it')
  assert.equal(settings.cacheType, 'auto')
  assert.equal(settings.maxMemoryForCache, 0)
})

inPage('the settings of one instance are not those of another', async ({ load, assert }) => {
  const one = await load({ settings: { maxMemoryForCache: 1 } })
  const two = await load()
  one.cacheType = 'cacheOnDiskOnly'
  assert.equal(two.maxMemoryForCache, 0)
  assert.equal(two.cacheType, 'auto')
})

inPage('changing settings moves nothing', async ({ load, assert, counters }) => {
  const cache = await load()
  const inMemory = await cache.allocate(1000)
  cache.cacheType = 'cacheOnDiskOnly'
  const onDisk = await cache.allocate(500)
  await cache.configure({ cacheType: 'cacheInMemoryOnly', maxMemoryForCache: 1, maxDiskSpaceForCache: 1 })
  assert.deepEqual(counters(cache), [1000, 500])
  assert.equal(inMemory.medium, 'memory')
  assert.equal(onDisk.medium, 'disk')
  await onDisk.write(new Uint8Array([1, 2, 3]))
  assert.deepEqual([...(await onDisk.read(0, 3))], [1, 2, 3])
})
