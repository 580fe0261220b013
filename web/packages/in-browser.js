// Builds and serves each environment, and looks at it in Chromium.
import { cpSync, existsSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import sirv from 'sirv'
import { asFunction, example } from '../test/support/readme.js'
import { places } from './environments.js'
import { freePort, Project } from './project.js'

/** What the lines of the README print. */
const expected = 'memory 48000000 0'
const lines = asFunction(example('Ten lines that do the main job'))

/**
 * Looks at one environment in each of its ways. Answers `{ looks: { [place]: '' or what is wrong } }` for each.
 *
 * @param {any} environment see environments.js
 * @param {{ browser: import('puppeteer-core').Browser, tarball: string, folder: string }} given the package twice:
 *     as it is published, and the same unpacked
 */
export async function lookAt(environment, { browser, tarball, folder }) {
  const { title, install, ways, from } = environment
  const project = new Project(title)
  const failing = (way, error) => ({
    looks: Object.fromEntries(way.looks.map((place) => [place, error.message])),
  })
  try {
    try {
      await project.install(install, from === 'link' ? folder : tarball)
    } catch (error) {
      return ways.map((way) => failing(way, error))
    }
    const seen = []
    for (const way of ways) {
      try {
        seen.push(await look(project, environment, way, { browser, folder }))
      } catch (error) {
        seen.push(failing(way, error))
      }
    }
    return seen
  } finally {
    project.remove()
  }
}

async function look(project, { files, sources }, way, { browser, folder }) {
  const port = await freePort()
  for (const output of new Set([way.output, '.next', '.parcel-cache', 'node_modules/.vite']))
    if (output !== '.') rmSync(join(project.folder, output), { recursive: true, force: true })
  const written = {
    ...files,
    ...way.files({ folder }),
    [`${sources}lines.js`]: way.lines(lines),
    [`${sources}main.js`]: way.looks.map((place) => `import './${places[place]}'\n`).join(''),
  }
  for (const [path, text] of Object.entries(written))
    project.write(path, typeof text === 'function' ? text(port) : text)
  if (way.build) await project.run(...way.build(port))
  if (way.copy) cpSync(join(project.folder, way.copy), join(project.folder, way.output, 'asposecache.wasm'))
  const url = `http://127.0.0.1:${port}${way.path}${way.page}`
  const server = way.serve
    ? await project.serve(url, ...way.serve(port))
    : await serveFiles(join(project.folder, way.output), way.path, port)
  const context = await browser.createBrowserContext()
  try {
    const page = await context.newPage()
    const errors = []
    page.on('pageerror', (error) => errors.push(String(error)))
    // Servers for development build what is asked for, and may then load the page anew.
    await page.goto(url, { waitUntil: 'networkidle0', timeout: 60_000 })
    const looks = {}
    for (const place of way.looks) {
      const said = await ask(page, place).catch(({ message }) => [message, ...errors].join('\n'))
      const right = way.explains ? said.includes("wasmURL: '/asposecache.wasm'") : said.trim() === expected
      looks[place] = right ? '' : said
    }
    return { looks }
  } finally {
    await context.close()
    await server.stop()
  }
}

/** What a page answers when it is asked to run the lines somewhere. */
async function ask(page, place) {
  await page.waitForFunction((name) => globalThis.ask?.[name], { timeout: 60_000 }, place)
  return await Promise.race([
    page.evaluate((name) => globalThis.ask[name]().catch(String), place),
    new Promise((resolve) => setTimeout(resolve, 60_000, 'no answer').unref()),
  ])
}

/** Serves a folder below a path, to other origins too. */
async function serveFiles(folder, path, port) {
  if (!existsSync(folder)) throw new Error(`the build made no ${folder}`)
  const files = sirv(folder, { dev: true, dotfiles: true })
  const server = createServer((request, response) => {
    const missing = () => void response.writeHead(404).end('not found')
    response.setHeader('Access-Control-Allow-Origin', '*')
    if (!request.url.startsWith(path)) return missing()
    request.url = request.url.slice(path.length - 1)
    files(request, response, missing)
  })
  await new Promise((resolve, reject) =>
    server.once('error', reject).listen(port, '127.0.0.1', () => resolve(undefined)),
  )
  return {
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
