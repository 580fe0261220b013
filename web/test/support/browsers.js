// Finds browsers and starts them, for the tests and for the benchmarks.
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import puppeteer from 'puppeteer-core'
import { launchWebKit } from './webkit.js'

/** What a test may need of a browser beside the platform of the web. */
export const capabilities = {
  devtools: 'to use up a quota, delete what a site stores, and crash a tab',
  gc: 'to collect garbage when asked',
  heap: 'to tell how large the JavaScript heap is',
  memoryFlags: 'to allow a program less memory',
  using: 'the syntax of `using`, and its symbols',
  input: 'to type into fields, and to touch',
  files: 'to give workers files of the origin private file system',
  restart: 'to have what pages have stored when it is started again',
  termination: 'to let go of the database of a worker that was terminated in the midst of a transaction',
}

const browsers = {
  chromium: {
    names: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'],
    lacks: {},
    start(executablePath, { needs, ...options }) {
      const quiet = [
        '--no-sandbox',
        '--disable-gpu',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ]
      const flags = { gc: '--expose-gc', memoryFlags: '--wasm-max-mem-pages=4096' }
      const used = needs.flatMap((need) => flags[need] ?? [])
      const args = [...quiet, ...(used.length > 0 ? [`--js-flags=${used.join(' ')}`] : [])]
      return puppeteer.launch({ browser: 'chrome', executablePath, args, ...options })
    },
  },
  firefox: {
    names: ['firefox-esr', 'firefox'],
    lacks: {
      devtools: 'WebDriver BiDi has no such commands',
      heap: 'WebDriver BiDi does not tell',
      memoryFlags: 'there is no preference for it',
    },
    start(executablePath, { needs, ...options }) {
      const extraPrefsFirefox = needs.includes('gc') ? { 'dom.testing.testutils.enabled': true } : {}
      return puppeteer.launch({ browser: 'firefox', executablePath, extraPrefsFirefox, ...options })
    },
  },
  webkit: {
    names: ['WebKitWebDriver'],
    lacks: {
      devtools: 'WebDriver has no such commands',
      heap: 'WebDriver does not tell',
      memoryFlags: 'there is no option for it',
      using: 'it does not know it yet',
      input: 'WebDriver has a mouse and keys, and no more of it is wrapped than it takes to click and paint',
      files: 'WebKitGTK has none',
      restart: 'where it runs for tests it keeps in memory what is meant for the disk',
      termination: 'one time in six it keeps it, until the page goes',
    },
    start(driver, { needs, userDataDir }) {
      const env = needs.includes('gc') ? { JSC_slowPathAllocsBetweenGCs: '1000' } : {}
      return launchWebKit({ driver, browser: miniBrowser(), userDataDir, env })
    },
  },
}

/** WebKitGTK's small browser, which Debian keeps off the path. */
function miniBrowser() {
  const told = process.env.MINIBROWSER
  if (told) return told
  for (const machine of ['x86_64', 'aarch64'])
    for (const version of ['4.1', '6.0', '4.0']) {
      const path = `/usr/lib/${machine}-linux-gnu/webkit2gtk-${version}/MiniBrowser`
      if (existsSync(path)) return path
    }
  throw new Error('There is no MiniBrowser here. MINIBROWSER can tell where it is.')
}

export const known = Object.keys(browsers)

/** Those that can be measured: where WebKit runs for tests it keeps in memory what is meant for the disk. */
export const measurable = ['chromium', 'firefox']

/** Where the browser is: CHROMIUM, FIREFOX or WEBKIT can tell. */
export function find(name) {
  const told = process.env[name.toUpperCase()]
  if (told) return told
  for (const folder of (process.env.PATH ?? '').split(delimiter))
    for (const file of browsers[name].names) {
      const path = join(folder, file)
      if (folder && existsSync(path)) return path
    }
  return undefined
}

/** Why a browser can't be made to do something, or `undefined`. */
export const lack = (name, capability) => browsers[name].lacks[capability]

/** Starts the browser so that it can do what is needed. */
export async function launch(name, { needs = [], ...options }) {
  const path = find(name)
  if (!path) throw new Error(`There is no ${name} here. ${name.toUpperCase()} can tell where it is.`)
  return browsers[name].start(path, { needs, ...options })
}
