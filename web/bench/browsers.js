// Finds browsers and starts them, each time with a profile of its own.
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import puppeteer from 'puppeteer-core'
import { makeScratch, removeScratch } from './scratch.js'

const browsers = {
  chromium: {
    names: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'],
    options: {
      browser: 'chrome',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
  firefox: { names: ['firefox-esr', 'firefox'], options: { browser: 'firefox' } },
}

export const known = Object.keys(browsers)

/** Where the browser is: CHROMIUM or FIREFOX can tell. */
export function find(browser) {
  const told = process.env[browser.toUpperCase()]
  if (told) return told
  for (const folder of (process.env.PATH ?? '').split(delimiter))
    for (const name of browsers[browser].names) {
      const path = join(folder, name)
      if (folder && existsSync(path)) return path
    }
  return undefined
}

/** Runs `use` with the browser, which is gone afterwards with all that it stored. */
export async function withBrowser(name, use) {
  const executablePath = find(name)
  if (!executablePath)
    throw new Error(`There is no ${name} here. ${name.toUpperCase()} can tell where it is.`)
  const userDataDir = makeScratch()
  try {
    const browser = await puppeteer.launch({
      ...browsers[name].options,
      executablePath,
      userDataDir,
      protocolTimeout: 0,
    })
    try {
      return await use(browser)
    } finally {
      await browser.close()
    }
  } finally {
    removeScratch(userDataDir)
  }
}
