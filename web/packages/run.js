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
import { compile, versions } from './typescript.js'

const { values } = parseArgs({ options: { only: { type: 'string' }, tarball: { type: 'string' } } })
const isWanted = ({ title }) => new RegExp(values.only ?? '').test(title)

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
  console.log(`${wrong ? 'no ' : 'yes'} ${title} (${Math.round(performance.now() / 1000)} s)`)
  if (wrong) console.log(wrong.trim().slice(-3000).replaceAll(/^/gm, '      '))
}

/** What is tried, one job each: one waits for the registry while the other one builds. */
const jobs = [
  ...environments.filter(isWanted).map((environment) => async () => {
    const { title, ways } = environment
    const answers = await lookAt(environment, given)
    const rows = ways.map((way, i) => ({ title, way, ...answers[i] }))
    for (const { way, looks } of rows)
      for (const [place, wrong] of Object.entries(looks)) tell(`${title}, ${way.name}: ${place}`, wrong)
    return { inBrowser: rows }
  }),
  ...elsewhere.environments.filter(isWanted).map((environment) => async () => {
    const wrong = await elsewhere.runIn(environment, given)
    tell(environment.title, wrong)
    return { elsewhere: [{ ...environment, wrong }] }
  }),
  ...versions
    .filter((version) => isWanted({ title: `TypeScript ${version}` }))
    .map((version) => async () => {
      const answers = await compile(version, given)
      for (const [resolution, wrong] of Object.entries(answers))
        if (wrong !== undefined) tell(`TypeScript ${version}, ${resolution}`, wrong)
      return { typescript: [{ version, answers }] }
    }),
]
const seen = []
const chromium = (await browser.version()).split('/')[1]
const left = jobs.entries()
const work = async () => {
  for (const [i, job] of left) seen[i] = await job()
}
try {
  await Promise.all([work(), work()])
} finally {
  await browser.close()
  await stopAll()
}

const all = (kind) => seen.flatMap((part) => part[kind] ?? [])
const text = matrix({
  inBrowser: all('inBrowser'),
  elsewhere: all('elsewhere'),
  typescript: all('typescript'),
  chromium,
})
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
  const { name, version } = JSON.parse(
    execFileSync('npm', ['pkg', 'get', 'name', 'version'], { cwd: web, encoding: 'utf8' }),
  )
  return join(home, `${name}-${version}.tgz`)
}
