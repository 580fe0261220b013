// The examples of the documentation, as they are printed there.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../../..')

/** The first example of a section. */
export function example(heading, document = 'README.md') {
  const [, section] = readFileSync(join(root, document), 'utf8').split(`\n## ${heading}\n`)
  return /```js\n(.*?)```/s.exec(section)[1]
}

/** The same as a module whose default export runs it, and can be given what it prints to. */
export function asFunction(text) {
  const lines = text.split('\n')
  const imports = lines.filter((line) => line.startsWith('import '))
  const others = lines.filter((line) => !line.startsWith('import '))
  return [
    ...imports,
    'export default async function (console = globalThis.console) {',
    ...others,
    '}\n',
  ].join('\n')
}
