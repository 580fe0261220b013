// Runs tests inside a real browser, one for each test file. A test has pages of its own, on an origin of its own, so
// that it does not see the databases of another. Only what runs in a page and leaves nothing behind shares one, which
// is loaded anew for each test: that takes a third of the time of a new page.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { capabilities, known, lack, launch } from './browsers.js'
import { startSite } from './site.js'

/**
 * @typedef {object} Options
 * @property {RegExp} [expected] what the page may report
 * @property {number} [timeout] milliseconds
 * @property {string[]} [needs] what the browser must be made to do, names of capabilities: where it can't, the test is
 *     skipped
 * @property {'indexedDB'} [store] what the disk of every cache lies on, whatever the run says: the test looks at it
 * @property {'worker'} [inside] where in the page it runs: in a worker, as a user has one
 * @property {boolean} [long] whether it takes so long that a brief run leaves it out
 *
 * @typedef {(kit: typeof import('./helpers.js'), arg?: any) => any} Body what runs in a page, sent there as text
 */

/** The browser that the tests run in. */
export const engine = process.env.ASPOSECACHE_BROWSER ?? 'chromium'
if (!known.includes(engine)) throw new Error(`ASPOSECACHE_BROWSER: ${engine} is none of ${known.join(', ')}`)

/**
 * A browser for the tests of one file: started before the first, stopped after the last. It can do what any
 * of the tests needs.
 *
 * @param {object} [options]
 * @param {Parameters<typeof startSite>[0]} [options.routes]
 */
export function useBrowser({ routes } = {}) {
  const used = { browser: undefined, site: undefined }
  const needed = new Set()
  let tests = 0
  let profile
  /** A page that the next test may have: `{ page, origin }`. */
  let shared

  before(async () => {
    await setImmediate() // the file is read to its end first
    if (tests === 0) return // all are skipped
    profile = mkdtempSync(join(tmpdir(), 'asposecache-test-'))
    used.site = await startSite(routes, { reports: engine !== 'chromium' })
    const needs = [...needed]
    used.browser = await launch(engine, { userDataDir: profile, needs, protocolTimeout: 240_000 })
  })

  after(async () => {
    try {
      await used.browser?.close()
    } finally {
      await used.site?.close()
      if (profile) rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
    }
  })

  /**
   * A test with a page. What the page reports as an error or a warning, and what it does not catch, fails
   * the test, unless `expected` matches it.
   *
   * @param {string} name
   * @param {Options} options
   * @param {(t: any) => Promise<void>} body
   */
  const withPage = (name, { expected, timeout = 120_000, needs = [], long = false }, body) => {
    const skip = whySkipped(needs, long)
    if (!skip) {
      tests++
      for (const need of needs) needed.add(need)
    }
    return test(name, { timeout, skip }, async (t) => {
      const origin = used.site.origin()
      const pages = []
      const dead = new Set()
      const errors = []
      let offered, kept // a page for the next test
      let overflow
      const flood = new Promise((_, reject) => {
        overflow = reject
      })
      flood.catch(() => {})
      const watch = (page) => {
        pages.push(page)
        for (const event of ['error', 'pageerror', 'console']) page.removeAllListeners(event)
        page.on('error', () => dead.add(page)) // it crashed, and answers nothing any more
        page.on('pageerror', (error) => errors.push(String(error?.stack ?? error)))
        page.on('console', (message) => {
          if (!['error', 'warn'].includes(message.type())) return
          errors.push(message.text())
          if (errors.length > 500) overflow(new Error('The page reports errors without end.'))
        })
      }
      const open = async (path = '/') => {
        const page = await used.browser.newPage()
        watch(page)
        if (path) await page.goto(origin + path)
        return page
      }
      const openShared = async () => {
        const { page, origin: home } = shared ?? { page: await used.browser.newPage(), origin }
        shared = undefined
        await page.reports?.() // what comes so late is of the test before
        watch(page)
        await page.goto(home)
        return { page, share: () => (offered = { page, origin: home }) }
      }
      const closeOwn = () => close(pages.filter((page) => page !== kept?.page))
      t.signal.addEventListener('abort', closeOwn)
      try {
        const { site, browser } = used
        await Promise.race([body({ origin, open, openShared, site, browser, errors }), flood])
        await Promise.all(pages.filter((page) => !dead.has(page)).map(settle))
        const unexpected = errors.filter((error) => !expected?.test(error))
        if (unexpected.length > 0) throw new Error(`The page reported: ${unexpected.slice(0, 5).join('\n')}`)
        if (!t.signal.aborted) shared = kept = offered
      } finally {
        await closeOwn()
      }
    })
  }

  /**
   * A test that is a function run in the page. It is sent there as text, so it can only use what it is
   * given: `{ asposecache, assert, load, ... }` and `options.arg`; see helpers.js. Where it needs `devtools`
   * the page has a function of that name, which sends a command of the DevTools protocol.
   *
   * @param {string} name
   * @param {[body: Body] | [options: any, body: Body]} rest the options are those of withPage, and `arg`
   */
  const inPage = (name, ...rest) => {
    const [options, body] = rest.length > 1 ? rest : [{}, rest[0]]
    return withPage(name, options, async ({ open, openShared }) => {
      // What measures memory, or crashes, does so without a page beside it.
      if (!options.needs?.length) {
        const { page, share } = await openShared()
        const { clean } = await runWhole(page, body, options.arg, options)
        if (clean) share()
        return
      }
      await shared?.page.close()
      shared = undefined
      const page = await open()
      if (options.needs.includes('devtools')) {
        const session = await page.createCDPSession()
        await page.exposeFunction('devtools', (method, parameters) => session.send(method, parameters))
      }
      await runWhole(page, body, options.arg, options)
    })
  }

  return Object.assign(used, { withPage, inPage })
}

/** Why a test that needs these capabilities is skipped here, or false. */
function whySkipped(needs, long) {
  for (const need of needs) {
    if (!(need in capabilities)) throw new Error(`needs: ${need} is no capability`)
    const why = lack(engine, need)
    if (why) return `needs ${need}: ${why}`
  }
  if (long && process.env.ASPOSECACHE_BRIEF) return 'long'
  return false
}

/**
 * Runs a function in a page, with the helpers. What it throws is thrown here, what it returns returned.
 *
 * @param {any} page
 * @param {Body} body
 * @param {any} [arg]
 */
export const run = async (page, body, arg) => (await runWhole(page, body, arg)).answer

/** The same; resolves to what it returns and whether it left nothing behind. */
function runWhole(page, body, arg, /** @type {Options} */ { store, inside } = {}) {
  return page.evaluate(
    async (inside, ...what) => {
      const helpers = await import('/helpers.js')
      return inside === 'worker' ? helpers.runInWorker(...what) : helpers.run(...what)
    },
    inside ?? process.env.ASPOSECACHE_INSIDE,
    String(body),
    arg,
    store ?? (process.env.ASPOSECACHE_DISK_STORE || undefined),
  )
}

/** Errors that nobody caught are reported in a task of their own. */
async function settle(page) {
  if (page.isClosed()) return
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve))).catch(() => {})
  await page.reports?.()
}

async function close(pages) {
  await Promise.all(pages.map((page) => page.close().catch(() => {})))
}
