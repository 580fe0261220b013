// The web site that the tests look at: what was built, chai, the helpers, and pages made by the tests.
import { createReadStream } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import sirv from 'sirv'

const dist = process.env.ASPOSECACHE_DIST ?? join(import.meta.dirname, '../../dist')
const chai = createRequire(import.meta.url).resolve('chai')

const isolation = {
  // With these SharedArrayBuffer exists.
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cache-Control': 'no-store',
}

/** A worker of the user, in which a test runs. */
const userWorker = `import { run } from '/helpers.js'
  globalThis.devtools = (...devtools) =>
    new Promise((resolve) => {
      addEventListener('message', ({ data }) => resolve(data.did), { once: true })
      postMessage({ devtools })
    })
  onmessage = async ({ data: { what } }) => {
    if (!what) return
    try {
      postMessage({ result: await run(...what) })
    } catch (error) {
      postMessage({ error: String(error?.stack ?? error) })
    }
  }`

/** The file of the build. */
export const built = (name) => join(dist, name)

/**
 * Starts the site on a free port. Names below `localhost` all lead here, and each is an origin of its
 * own; so `origin()` answers a new one every time.
 *
 * @param {Record<string, (request, response) => void>} routes what to answer, by path
 * @param {object} [options]
 * @param {boolean} [options.reports] whether pages help to tell what they report; see reports.js
 */
export async function startSite(routes = {}, { reports = false } = {}) {
  const build = sirv(dist, { dev: true })
  const own = {
    '/': html('<!doctype html><title>test</title>'),
    '/chai.js': file(chai, 'text/javascript'),
    '/helpers.js': file(join(import.meta.dirname, 'helpers.js'), 'text/javascript'),
    '/user-worker.js': text('text/javascript', userWorker),
    '/reports.js': file(join(import.meta.dirname, 'reports.js'), 'text/javascript'),
    '/favicon.ico': (_, response) => response.writeHead(204).end(),
    ...routes,
  }
  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(isolation)) response.setHeader(name, value)
    if (reports) beginWith('<!doctype html><script src="/reports.js"></script>', response)
    const { pathname } = new URL(request.url, 'http://localhost')
    const answer = own[pathname]
    if (answer) answer(request, response)
    else build(request, response, () => void response.writeHead(404).end('not found'))
  })
  await new Promise((resolve, reject) =>
    server.once('error', reject).listen(0, '127.0.0.1', () => resolve(undefined)),
  )
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  let origins = 0
  return {
    origin: () => `http://t${++origins}.localhost:${port}`,
    route: (path, answer) => {
      own[path] = answer
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Puts something before a page, if it is one that is answered. */
function beginWith(text, response) {
  const { writeHead } = response
  response.writeHead = (status, headers = {}) => {
    const type = Object.entries(headers).find(([name]) => name.toLowerCase() === 'content-type')?.[1]
    const isPage = type?.startsWith('text/html')
    const kept = Object.entries(headers).filter(
      ([name]) => !isPage || name.toLowerCase() !== 'content-length',
    )
    writeHead.call(response, status, Object.fromEntries(kept))
    if (isPage) response.write(text)
    return response
  }
}

/** Answers a text. */
const text =
  (type, body, headers = {}) =>
  (_, response) =>
    response.writeHead(200, { 'Content-Type': type, ...headers }).end(body)

/** Answers a page. */
export const html = (body, headers = {}) => text('text/html', body, headers)

/** Answers a file. */
export function file(path, type, headers = {}) {
  return (_, response) => {
    response.writeHead(200, { 'Content-Type': type, ...headers })
    createReadStream(path).pipe(response)
  }
}
