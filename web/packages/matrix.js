// The matrix of what works where, and the page of the documentation that it stands in.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { places } from './environments.js'
import { resolutions } from './typescript.js'

const document = join(import.meta.dirname, '../PACKAGES.md')
const [begin, end] = ['<!-- What follows is written by `make test-packages`. -->', '<!-- It ends here. -->']

const names = {
  page: 'page',
  global: '`asposecache/global`',
  worker: 'worker',
  sharedWorker: 'shared worker',
  serviceWorker: 'service worker',
  classicWorker: 'classic worker',
}

const row = (cells) => `| ${cells.join(' | ')} |`
const table = (head, rows) => [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n')
const cell = (wrong, right = 'yes') => (wrong === undefined ? '' : wrong === '' ? right : '**no**')

/**
 * @param {object} seen
 * @param {{ title: string, way: any, looks: Record<string, string> }[]} seen.inBrowser
 * @param {{ title: string, needs: string, wrong: string }[]} seen.elsewhere
 * @param {{ version: string, answers: Record<string, string | undefined> }[]} seen.typescript
 * @param {string} seen.chromium its version
 */
export function matrix({ inBrowser, elsewhere, typescript, chromium }) {
  const browserRows = inBrowser.map(({ title, way, looks }) => [
    title,
    way.name,
    ...Object.keys(places).map((place) => cell(looks[place], way.explains ? 'error' : 'yes')),
    way.needs || (way.explains ? 'the error says what to write' : ''),
  ])
  const ways = Object.keys(resolutions)
  const typescriptRows = typescript.map(({ version, answers }) => [
    version,
    ...ways.map((way) => cell(answers[way])),
  ])
  return [
    `In Chromium ${chromium}, built under Node ${process.versions.node}:`,
    table(['with', 'how', ...Object.values(names), 'what it takes'], browserRows),
    'Without a browser, with `wasmModule` and the package `fake-indexeddb`:',
    table(
      ['with', 'memory and disk', 'what it takes'],
      elsewhere.map(({ title, needs, wrong }) => [title, cell(wrong), needs]),
    ),
    'TypeScript with `strict`, `skipLibCheck: false`, `lib: ["es2022", "dom"]`, by `moduleResolution`:',
    table(['version', ...ways.map((way) => `\`${way}\``)], typescriptRows),
  ].join('\n\n')
}

/** Puts the matrix into the documentation. */
export async function write(text) {
  const [before, rest] = readFileSync(document, 'utf8').split(begin)
  const [, after] = rest.split(end)
  const whole = [before, begin, '\n\n', text, '\n\n', end, after].join('')
  const options = { ...(await resolveConfig(document)), filepath: document }
  writeFileSync(document, await format(whole, options))
}
