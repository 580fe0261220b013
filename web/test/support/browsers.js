// Finds browsers and starts them, for the tests and for the benchmarks.
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import puppeteer from 'puppeteer-core'

const browsers = {
  chromium: {
    names: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'],
    browser: 'chrome',
    quiet: [
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  },
  firefox: { names: ['firefox-esr', 'firefox'], browser: 'firefox', quiet: [] },
}

export const known = Object.keys(browsers)

/** Where the browser is: CHROMIUM or FIREFOX can tell. */
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

/** Starts the browser. `flags` are added to those that keep it quiet. */
export async function launch(name, { flags = [], ...options }) {
  const executablePath = find(name)
  if (!executablePath)
    throw new Error(`There is no ${name} here. ${name.toUpperCase()} can tell where it is.`)
  const { browser, quiet } = browsers[name]
  return puppeteer.launch({ browser, executablePath, args: [...quiet, ...flags], ...options })
}
