// Browsers for the benchmarks, each time with a profile of its own.
import { launch } from '../test/support/browsers.js'
import { makeScratch, removeScratch } from './scratch.js'

/** Runs `use` with the browser, which is gone afterwards with all that it stored. */
export async function withBrowser(name, use) {
  const userDataDir = makeScratch()
  try {
    const browser = await launch(name, { userDataDir, protocolTimeout: 0 })
    try {
      return await use(browser)
    } finally {
      await browser.close()
    }
  } finally {
    removeScratch(userDataDir)
  }
}
