// Serves web/dist on this machine and prints the demo's address. PORT chooses the port.
import { createServer } from 'node:http'
import { join } from 'node:path'
import sirv from 'sirv'

const files = sirv(join(import.meta.dirname, 'dist'), { dev: true })
const server = createServer((request, response) => {
  if (request.url === '/') {
    response.writeHead(302, { location: '/demo/' }).end()
    return
  }
  files(request, response)
})

server.on('error', (/** @type {NodeJS.ErrnoException} */ error) => {
  // The usual port may be taken; any other will do, unless one was asked for.
  if (error.code !== 'EADDRINUSE' || process.env.PORT) throw error
  server.listen(0, 'localhost')
})
server.on('listening', () => {
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  console.log(`\n  asposeCache demo: http://localhost:${port}/demo/\n\n  Ctrl+C ends it.`)
})
server.listen(Number(process.env.PORT ?? 8080), 'localhost')
