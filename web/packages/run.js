// Packs the package, uses it in every way that people have, and writes down what works: `make test-packages`.
//
//   node packages/run.js [--only=EXPRESSION] [--tarball=FILE]
//
// Told to look at some only, it prints what it has seen, and the documentation stays as it is.
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { launch } from '../test/support/browsers.js'
import * as elsewhere from './elsewhere.js'
import { environments } from './environments.js'
import { lookAt } from './in-browser.js'
import { matrix, write } from './matrix.js'
import { home, stopAll } from './project.js'
import { compileAll } from './typescript.js'

const { values } = parseArgs({ options: { only: { type: 'string' }, tarball: { type: 'string' } } })
const isWanted = ({ title }) => new RegExp(values.only ?? '').test(title)
const isTypeScript = isWanted({ title: 'TypeScript' })

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stopAll().then(() => process.exit(1)))

const tarball = values.tarball ?? pack()
const folder = join(home, 'asposecache')
mkdirSync(folder)
execFileSync('tar', ['xf', tarball, '--strip-components=1', '-C', folder])
const browser = await launch('chromium', { needs: [], userDataDir: join(home, 'profile') })
const given = { browser, tarball, folder }

let failures = 0
/** Prints what became of one thing that was tried. */
function tell(title, wrong) {
  if (wrong) failures++
  console.log(`${wrong ? 'no ' : 'yes'} ${title}`)
  if (wrong) console.log(wrong.trim().slice(-3000).replaceAll(/^/gm, '      '))
}

const seen = {
  inBrowser: [],
  elsewhere: [],
  typescript: {},
  chromium: (await browser.version()).split('/')[1],
}
try {
  for (const environment of environments.filter(isWanted)) {
    const { title, ways } = environment
    const answers = await lookAt(environment, given)
    for (const [i, way] of ways.entries()) {
      const { looks } = answers[i]
      seen.inBrowser.push({ title, way, looks })
      for (const [place, wrong] of Object.entries(looks)) tell(`${title}, ${way.name}: ${place}`, wrong)
    }
  }
  for (const environment of elsewhere.environments.filter(isWanted)) {
    const wrong = await elsewhere.runIn(environment, given)
    seen.elsewhere.push({ ...environment, wrong })
    tell(environment.title, wrong)
  }
  if (isTypeScript) {
    seen.typescript = await compileAll(given)
    for (const [version, answers] of Object.entries(seen.typescript))
      for (const [resolution, wrong] of Object.entries(answers))
        if (wrong !== undefined) tell(`TypeScript ${version}, ${resolution}`, wrong)
  }
} finally {
  await browser.close()
  await stopAll()
}

const text = matrix(seen)
console.log(`\n${text}\n`)
if (values.only === undefined) await write(text)
if (failures > 0) {
  console.error(`${failures} of what was tried did not work.`)
  process.exitCode = 1
}

/** The package as npm would publish it, built anew. */
function pack() {
  const web = join(import.meta.dirname, '..')
  execFileSync('npm', ['pack', '--pack-destination', home], {
    cwd: web,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const { name, version } = JSON.parse(execFileSync('npm', ['pkg', 'get', 'name', 'version'], { cwd: web }))
  return join(home, `${name}-${version}.tgz`)
}
