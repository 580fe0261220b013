// Several instances: on one page, in frames and tabs, and the remains of those that died.
import assert from 'node:assert/strict'
import { engine, run, useBrowser } from './support/browser.js'

const { inPage, withPage } = useBrowser({
  routes: {
    '/clear': (_, response) => {
      response.writeHead(200, { 'Clear-Site-Data': '"storage"', 'Content-Type': 'text/plain' }).end('cleared')
    },
  },
})

/** Runs in a page: loads an instance on disk, fills it, and keeps it in a global. */
const fill = async ({ load, noise, leave }, [folder, seed]) => {
  globalThis.cache = await load({ settings: { cacheType: 'cacheOnDiskOnly', cacheFolder: folder } })
  globalThis.allocation = await globalThis.cache.allocateFrom(noise(600_000, seed))
  await globalThis.allocation.flush()
  return leave
}

/** Runs in a page: what was filled must still be there. */
const verify = async ({ assert, noise, assertBytes, counters, leave }, seed) => {
  assertBytes(await globalThis.allocation.read(), noise(600_000, seed))
  assert.deepEqual(counters(globalThis.cache), [0, 600_000])
  return leave
}

const names = (page) =>
  page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name).sort())

/** Waits until the page's databases are what a function says they should be, 15 seconds at most. */
async function until(page, check) {
  const start = Date.now()
  for (;;) {
    const found = await names(page)
    if (check(found)) return found
    if (Date.now() - start > 15_000) assert.fail(`databases left: ${found}`)
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 10)))
  }
}

inPage('instances on one page with one folder have their own data', async (kit) => {
  const { load, noise, assertBytes, counters, assert, databases } = kit
  const settings = { cacheType: 'cacheOnDiskOnly' }
  const caches = await Promise.all([load({ settings }), load({ settings }), load({ settings })])
  const made = await Promise.all(caches.map((cache, i) => cache.allocateFrom(noise(300_000 + i, i + 1))))
  await Promise.all(caches.map((cache) => cache.flush()))
  assert.lengthOf(await databases(), 3)
  await caches[1].close()
  assert.lengthOf(await databases(), 2)
  await load({ settings }) // its start sweeps
  for (const i of [0, 2]) {
    assertBytes(await made[i].read(), noise(300_000 + i, i + 1))
    assert.deepEqual(counters(caches[i]), [0, 300_000 + i])
  }
})

inPage('the methods of one instance do not take the allocations of another', async (kit) => {
  const { load, assert, rejection, counters } = kit
  const [one, two] = [await load(), await load()]
  const a = await one.allocate(10)
  const b = await two.allocate(10)
  assert.equal(a.id, b.id, 'the numbers are each of its own')
  await a.write(new Uint8Array(10).fill(1))
  assert.deepEqual([...(await b.read())], [...new Uint8Array(10)])
  // @ts-expect-error it is no buffer
  assert.instanceOf(await rejection(b.write(a)), TypeError)
  await a.dispose()
  assert.deepEqual(
    [counters(one), counters(two)],
    [
      [0, 0],
      [10, 0],
    ],
  )
})

inPage('a handle of another copy of the script is refused with words that help', async (kit) => {
  const { load, assert, rejection, asposecache } = kit
  const copy = await import('/asposecache.js?another')
  assert.notEqual(copy.loadAsposeCache, asposecache.loadAsposeCache)
  const [mine, another] = [await load(), await load()]
  const other = await copy.loadAsposeCache()
  const size = { width: 2, height: 2 }
  const of = async (cache) => [await cache.allocate(10), await cache.allocateSurface(size)]
  const [allocation, surface] = await of(mine)
  const given = (made, argument) => async (call) => {
    const error = await rejection((async () => call())())
    assert.instanceOf(error, TypeError)
    assert.include(error.message, `${argument}: a handle ${made}`)
    assert.include(error.message, 'allowed is')
    assert.equal(error.message.includes('loads asposecache once'), made.includes('copy'))
  }
  for (const [cache, made] of [
    [other, 'made by another copy of asposecache was given'],
    [another, 'of another instance or kind was given'],
  ]) {
    const [otherAllocation, otherSurface] = await of(cache)
    const snapshot = await otherSurface.snapshot()
    await given(made, 'from')(() => allocation.restore(otherAllocation))
    await given(made, 'from')(() => surface.restore(snapshot))
    await given(made, 'b')(() => mine.difference(allocation, otherAllocation))
    await given(made, 'b')(() => mine.difference(surface, otherSurface))
    await given(made, 'a')(() => mine.difference(otherAllocation, allocation))
    if (cache === other) await given(made, 'target')(() => asposecache.createHistory(otherSurface))
  }
  await given('of another instance or kind', 'from')(() => allocation.restore(surface))
  await other.close()
})

withPage('folders that differ by a byte order mark never see each other', {}, async ({ open }) => {
  const page = await open()
  if (engine === 'firefox') {
    // It opens no database whose name begins with the mark, and says so.
    await assert.rejects(run(page, fill, ['\ufeffshared', 3]), { code: 'CACHE_UNAVAILABLE' })
    return
  }
  await run(page, fill, ['\ufeffshared', 3])
  const [name] = await names(page)
  assert.ok(name.startsWith('\ufeffshared/'), JSON.stringify(name))
  // Another instance comes and goes; what is dead is removed at both times.
  await page.evaluate(async () => {
    const { loadAsposeCache } = await import('/asposecache.js')
    await (await loadAsposeCache({ settings: { cacheFolder: 'shared' } })).close()
  })
  assert.deepEqual(await names(page), [name])
  await run(page, verify, 3)
  await page.evaluate(() => globalThis.cache.close())
  assert.deepEqual(await names(page), [])
})

withPage('tabs and frames with one folder never see each other', {}, async ({ open }) => {
  const [one, two] = [await open(), await open()]
  await one.evaluate(async () => {
    const frame = document.createElement('iframe')
    frame.src = '/'
    const loaded = new Promise((resolve) => frame.addEventListener('load', resolve))
    document.body.append(frame)
    await loaded
  })
  const frame = (await one.frames())[1]
  await Promise.all([
    run(one, fill, ['shared', 1]),
    run(two, fill, ['shared', 2]),
    run(frame, fill, ['shared', 3]),
  ])
  assert.equal((await names(one)).length, 3)
  // Others come, sweep, and go.
  const visitor = await open()
  for (let i = 0; i < 3; i++) {
    await run(visitor, async ({ assert, asposecache, leave }) => {
      const cacheType = 'cacheOnDiskOnly'
      const other = await asposecache.loadAsposeCache({ settings: { cacheFolder: 'shared', cacheType } })
      assert.equal((await other.allocate(10)).size, 10)
      await other.close()
      return leave
    })
  }
  assert.equal((await names(visitor)).length, 3)
  await run(one, verify, 1)
  await run(two, verify, 2)
  await run(frame, verify, 3)
})

const deaths = {
  'its frame was removed': async ({ open }) => {
    const page = await open()
    await page.evaluate(async () => {
      const frame = document.createElement('iframe')
      frame.src = '/'
      const loaded = new Promise((resolve) => frame.addEventListener('load', resolve))
      document.body.append(frame)
      await loaded
    })
    await run((await page.frames())[1], fill, ['mortal', 1])
    await page.evaluate(() => document.querySelector('iframe').remove())
  },
  'its tab was closed': async ({ open }) => {
    const page = await open()
    await run(page, fill, ['mortal', 1])
    await page.close()
  },
  'its tab was closed in the middle of writing': async ({ open }) => {
    const page = await open()
    await run(page, fill, ['mortal', 1])
    await page.evaluate(() => {
      globalThis.cache.allocate(20e6).then((a) => a.write(new Uint8Array(20e6).fill(3)))
    })
    await page.close()
  },
  'its page was left': async ({ open, origin }) => {
    const page = await open()
    await run(page, fill, ['mortal', 1])
    await page.goto(`${origin}/favicon.ico`).catch(() => {}) // nothing to show: it stays where it is
    await page.goto('about:blank')
  },
  'its tab crashed': async ({ open }) => {
    const page = await open()
    await run(page, fill, ['mortal', 1])
    const crashed = new Promise((resolve) => page.once('error', resolve))
    const session = await page.createCDPSession()
    session.send('Page.crash').catch(() => {}) // there is nobody left to answer
    await crashed
  },
}
for (const [name, die] of Object.entries(deaths)) {
  const needs = name === 'its tab crashed' ? ['devtools'] : []
  withPage(`the remains of an instance are swept by the next: ${name}`, { needs }, async (t) => {
    const witness = await t.open()
    await run(witness, fill, ['mortal', 2])
    const [living] = await names(witness)
    await die(t)
    const left = await names(witness)
    assert.ok(left.includes(living))
    assert.equal(left.length, 2, 'the dead one has left its database')
    // One with another folder sweeps nothing.
    await run(witness, async ({ leave }) => {
      const { loadAsposeCache } = await import('/asposecache.js')
      const other = await loadAsposeCache({
        settings: { cacheFolder: 'morta', cacheType: 'cacheOnDiskOnly' },
      })
      await other.allocate(1)
      await other.close()
      return leave
    })
    assert.deepEqual(await names(witness), left)
    const next = await t.open()
    await run(next, async ({ load, leave }) => {
      await load({ settings: { cacheFolder: 'mortal' } })
      return leave
    })
    const swept = await until(next, (found) => found.length === 1)
    assert.deepEqual(swept, [living])
    await run(witness, verify, 2)
  })
}

withPage('folders that begin alike are different folders', { long: true }, async ({ open }) => {
  const folders = ['a', 'ab', 'a/b', 'a/', 'A', 'a b', 'ä', '-a', '%2F']
  const page = await open()
  for (const [i, folder] of folders.entries()) {
    const tab = await open()
    await run(tab, fill, [folder, i + 1])
    assert.ok(
      (await names(page)).some((name) => name.startsWith(folder)),
      folder,
    )
    await tab.close()
  }
  assert.equal((await names(page)).length, folders.length)
  // Each start removes exactly one: that of its folder.
  let count = folders.length
  for (const folder of folders) {
    const before = await names(page)
    await run(
      page,
      async ({ load, leave }, cacheFolder) => {
        await load({ settings: { cacheFolder } })
        return leave
      },
      folder,
    )
    count--
    const after = await until(page, (found) => found.length <= count)
    assert.equal(after.length, count, folder)
    const gone = before.filter((name) => !after.includes(name))
    assert.ok(gone[0].startsWith(folder), `${folder}: ${gone}`)
  }
})

withPage("other people's databases are left alone", {}, async ({ open }) => {
  const page = await open()
  await run(page, async ({ assert, request, databases, leave, load }) => {
    const { loadAsposeCache } = await import('/asposecache.js')
    const mine = [
      'asposeCache',
      'asposeCache/',
      'asposeCache/mine',
      'asposeCacheBackup',
      'asposeCache-1',
      'other',
    ]
    for (const name of mine) (await request(indexedDB.open(name))).close()
    const cache = await load({ settings: { cacheType: 'cacheOnDiskOnly' } })
    await cache.allocate(10)
    await (await loadAsposeCache()).close()
    await cache.close()
    const again = await load()
    again.cacheType = 'cacheOnDiskOnly'
    await again.allocate(10)
    await again.close()
    assert.deepEqual(await databases(), mine.toSorted())
    return leave
  })
})

withPage(
  'an instance that is given its folder after it was loaded sweeps there, too',
  {},
  async ({ open }) => {
    const dead = await open()
    await run(dead, fill, ['late', 1])
    await dead.close()
    const page = await open()
    assert.equal((await names(page)).length, 1)
    await run(page, async ({ load, leave }) => {
      const cache = await load()
      await cache.configure({ cacheFolder: 'late', cacheType: 'cacheOnDiskOnly' })
      await cache.allocate(10)
      return leave
    })
    await until(page, (found) => found.length === 1)
  },
)

withPage(
  'after the last instance nothing is left, also if it is closed while it sweeps',
  {},
  async ({ open }) => {
    const dead = [await open(), await open(), await open()]
    await Promise.all(dead.map((page, i) => run(page, fill, ['mortal', i])))
    await Promise.all(dead.map((page) => page.close()))
    const page = await open()
    assert.equal((await names(page)).length, 3)
    const left = await page.evaluate(async () => {
      const { loadAsposeCache } = await import('/asposecache.js')
      const cache = await loadAsposeCache({ settings: { cacheFolder: 'mortal' } })
      await cache.close()
      return (await indexedDB.databases()).map(({ name }) => name)
    })
    const other = await open()
    await run(other, async ({ load, leave }) => {
      await load({ settings: { cacheFolder: 'mortal' } })
      return leave
    })
    await until(other, (found) => found.length === 0) // nothing must keep them from the next sweep, either
    assert.deepEqual(left, [])
  },
)

withPage('without Web Locks nothing is swept, and everything else works', {}, async ({ open }) => {
  const dead = await open()
  await run(dead, fill, ['mortal', 1])
  await dead.close()
  const page = await open()
  const [left] = await names(page)
  await run(page, async ({ load, assert, noise, assertBytes, databases, leave }) => {
    Object.defineProperty(Navigator.prototype, 'locks', { value: undefined })
    const cache = await load({ settings: { cacheFolder: 'mortal', cacheType: 'cacheOnDiskOnly' } })
    const allocation = await cache.allocateFrom(noise(1000))
    await allocation.flush()
    assertBytes(await allocation.read(), noise(1000))
    assert.lengthOf(await databases(), 2)
    await cache.close()
    return leave
  })
  assert.deepEqual(await names(page), [left])
})

inPage('an instance and its handles can be neither cloned nor posted', async (kit) => {
  const { load, assert, asposecache } = kit
  const cache = await load()
  const allocation = await cache.allocate(10, { label: 'a' })
  const surface = await cache.allocateSurface({ width: 1, height: 1 })
  const handles = {
    cache,
    allocation,
    surface,
    'a snapshot': await allocation.snapshot(),
    'a snapshot of a surface': await surface.snapshot(),
    'a history': await asposecache.createHistory(surface),
  }
  const { port1, port2 } = new MessageChannel()
  let posted = 0
  port2.onmessage = () => posted++
  for (const [name, handle] of Object.entries(handles)) {
    const ways = {
      cloned: () => structuredClone(handle),
      posted: () => port1.postMessage(handle),
      'posted in an object': () => port1.postMessage({ deep: [handle] }),
    }
    for (const [way, send] of Object.entries(ways)) {
      let error
      try {
        send()
      } catch (thrown) {
        error = thrown
      }
      assert.instanceOf(error, DOMException, `${name} is ${way}`)
      assert.equal(error.name, 'DataCloneError', `${name} is ${way}`)
    }
  }
  port1.postMessage('the last')
  await new Promise((resolve) => port2.addEventListener('message', resolve, { once: true }))
  assert.equal(posted, 1)
  port1.close()
  // What they tell of themselves can be posted.
  assert.deepEqual(structuredClone(cache.allocations()), cache.allocations())
  assert.deepEqual(structuredClone(cache.statistics()), cache.statistics())
})

for (const diskStore of ['indexedDB', 'opfs'])
  withPage(
    `site data cleared: what another page opens then leaves a living instance alone (${diskStore})`,
    { needs: ['devtools', 'files'] },
    async ({ open }) => {
      const page = await open()
      await page.evaluate(async (diskStore) => {
        const { loadAsposeCache } = await import('/asposecache.js')
        const cache = await loadAsposeCache({ diskStore, settings: { cacheType: 'cacheOnDiskOnly' } })
        globalThis.cache = cache
        const a = (globalThis.allocation = await cache.allocateFrom(new Uint8Array(24 << 20).fill(1)))
        await cache.flush()
        await fetch('/clear')
        await a.write(new Uint8Array(24 << 20).fill(2))
        await cache.flush()
      }, diskStore)
      const other = await open()
      await other.evaluate(async (diskStore) => {
        const { loadAsposeCache } = await import('/asposecache.js')
        const cache = await loadAsposeCache({ diskStore, settings: { cacheType: 'cacheOnDiskOnly' } })
        await cache.allocate(1000)
        await new Promise((resolve) => setTimeout(resolve, 1000))
        await cache.close() // which sweeps once more
      }, diskStore)
      const bytes = await page.evaluate(async () => {
        const { allocation: a } = /** @type {any} */ (globalThis)
        const read = []
        for (let at = 0; at < 24 << 20; at += 4 << 20) read.push((await a.read(at, 10))[5])
        await globalThis.cache.close().catch(({ code }) => code)
        return read
      })
      assert.deepEqual(bytes, Array(6).fill(2))
    },
  )
