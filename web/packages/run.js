// Packs the package, uses it in every way that people have, and writes down what works: `make test-packages`.
import { lookAt } from './in-browser.js'
import { environments } from './environments.js'
import { launch } from '../test/support/browsers.js'
import { execFileSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
const tarball = process.argv[2],
  only = process.argv[3]
const browser = await launch('chromium', {})
const folder = mkdtempSync('/tmp/pk/folder-')
execFileSync('tar', ['xf', tarball, '-C', folder])
for (const environment of environments.filter((e) => (e.name + Object.values(e.install)[0]).match(only))) {
  console.time(environment.name)
  for (const row of await lookAt(environment, { browser, tarball, folder: folder + '/package' }))
    console.log(JSON.stringify(row, null, 1))
  console.timeEnd(environment.name)
}
await browser.close()
