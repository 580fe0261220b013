// Builds and serves each environment, and looks at it in Chromium.
import { cpSync, existsSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import sirv from 'sirv'
import { asFunction, example } from '../test/support/readme.js'
import { freePort, Project } from './project.js'

/** What the lines of the README print. */
const expected = 'memory 48000000 0'
const lines = asFunction(example('Ten lines that do the main job'))

/**
 * Looks at one environment in each of its ways.
 *
 * @param {import('puppeteer-core').Browser} browser
 * @param {string} tarball of the package
 * @param {string} folder the same, unpacked
 * @returns rows `{ environment, way, looks: { [where]: '' | what is wrong }, needs }`
 */
export async function lookAt(environment, { browser, tarball, folder }) {
  const { name, install, files, ways, asFolder } = environment
  const version = Object.values(install)[0] ?? ''
  const project = new Project(name)
  const rows = []
  const row = (way, rest) =>
    rows.push({ environment: `${name} ${version}`.trim(), way: way.name, needs: way.needs ?? '', ...rest })
  try {
    const links = asFolder ? ['--install-links', folder] : [tarball]
    try {
      await project.install(install, ...links)
    } catch (error) {
      for (const way of ways) row(way, { absent: String(error.message) })
      return rows
    }
    for (const way of ways) {
      const port = await freePort()
      for (const output of new Set([way.output, '.next', '.parcel-cache'].filter((path) => path !== '.')))
        rmSync(join(project.folder, output), { recursive: true, force: true })
      for (const [path, text] of Object.entries(files))
        project.write(path, typeof text === 'function' ? text(port) : text)
      let text = way.direct?.(lines) ?? lines
      if (way.wasmURL)
        text = text.replace('loadAsposeCache()', `loadAsposeCache({ wasmURL: '${way.wasmURL}' })`)
      project.write(environment.lines, text)
      row(way, await look(project, way, port, browser))
    }
  } finally {
    project.remove()
  }
  return rows
}

async function look(project, way, port, browser) {
  let server
  try {
    if (way.build) await project.run(...way.build(port))
    if (way.copy) cpSync(join(project.folder, way.copy), join(project.folder, way.output, 'asposecache.wasm'))
    const url = `http://127.0.0.1:${port}${way.path}${way.page}`
    server = way.serve
      ? await project.serve(url, ...way.serve(port))
      : await serveFiles(join(project.folder, way.output), way.path, port)
    const looks = {}
    for (const where of way.looks) {
      const said = await ask(browser, url, where)
      const right = way.explains ? /wasmURL: '\/asposecache.wasm'/.test(said) : said.trim() === expected
      looks[where] = right ? '' : said
    }
    return { looks, explains: way.explains }
  } catch (error) {
    return { looks: Object.fromEntries(way.looks.map((where) => [where, error.message])) }
  } finally {
    await server?.stop()
  }
}

/** What a page answers when it is asked to run the lines somewhere. */
async function ask(browser, url, where) {
  const context = await browser.createBrowserContext()
  const errors = []
  try {
    const page = await context.newPage()
    page.on('pageerror', (error) => errors.push(String(error)))
    // Servers for development build what is asked for, and may then load the page anew.
    await page.goto(url, { waitUntil: 'networkidle0', timeout: 60_000 })
    await page.waitForFunction((where) => globalThis.ask?.[where], { timeout: 20_000 }, where)
    return await Promise.race([
      page.evaluate((where) => globalThis.ask[where]().catch(String), where),
      new Promise((resolve) => setTimeout(resolve, 20_000, 'no answer').unref()),
    ])
  } catch (error) {
    return [error.message, ...errors].join('\n')
  } finally {
    await context.close()
  }
}

/** Serves a folder below a path, to other origins too. */
async function serveFiles(folder, path, port) {
  if (!existsSync(folder)) throw new Error(`the build made no ${folder}`)
  const files = sirv(folder, { dev: true, dotfiles: true })
  const server = createServer((request, response) => {
    const missing = () => response.writeHead(404).end('not found')
    response.setHeader('Access-Control-Allow-Origin', '*')
    if (!request.url.startsWith(path)) return missing()
    request.url = request.url.slice(path.length - 1)
    files(request, response, missing)
  })
  await new Promise((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve))
  return {
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
