// What the build needs of the machine. Where it is not there a sentence says so; runs under any Node.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const here = new URL('.', import.meta.url)
const [, goVersion] = /^go (\S+)$/m.exec(readFileSync(new URL('../go.mod', here), 'utf8'))
const nodeVersion = '20.11'

const older = (version, than) => {
  const [[major, minor], [needed, neededMinor]] = [version, than].map((text) => text.split('.').map(Number))
  return major < needed || (major === needed && minor < neededMinor)
}

const wanting = []
if (older(process.versions.node, nodeVersion))
  wanting.push(`Node.js ${nodeVersion} or newer is needed: this is ${process.versions.node}.`)
const go = spawnSync('go', ['version'], { cwd: here, encoding: 'utf8' })
if (go.error)
  wanting.push(`Go ${goVersion} or newer is needed, from https://go.dev/dl: there is no \`go\` here.`)
else if (go.status !== 0)
  wanting.push(`Go ${goVersion} or newer is needed, from https://go.dev/dl: ${go.stderr.trim()}`)

if (wanting.length > 0) {
  console.error(wanting.join('\n'))
  process.exit(1)
}
