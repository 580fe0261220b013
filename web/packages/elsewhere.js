// Runs the README's lines for tests where there is no browser, or something that plays one.
import { asFunction, example } from '../test/support/readme.js'
import { Project } from './project.js'

const lines = asFunction(example('Tests without a browser'))
/** What the lines print. */
const expected = 'memory disk'

const testing = `import { expect, test } from 'EXPECT'
import lines from './lines.js'

test('the lines for tests', async () => {
  const printed = []
  await lines({ log: (...words) => printed.push(words.join(' ')) })
  expect(printed).toEqual(['${expected}'])
})
`
const using = (runner) => ({ 'lines.test.js': testing.replace('EXPECT', runner) })
const program = { 'run.js': `import lines from './lines.js'\nawait lines()\n` }
const passes = (printed) => /1 passed/.test(printed)
const prints = (printed) => printed.trim() === expected

const indexedDB = { 'fake-indexeddb': '6.2.8' }
const vitest = (environment, install = {}) => ({
  title: `Vitest 3.2.4, ${environment}`,
  install: { ...indexedDB, vitest: '3.2.4', ...install },
  files: using('vitest'),
  command: ['vitest', 'run', '--environment', environment],
  right: passes,
})

export const environments = [
  { title: `Node ${process.versions.node}`, install: indexedDB, files: program, command: ['node', 'run.js'] },
  {
    title: 'Deno 2.9.6',
    install: { ...indexedDB, deno: '2.9.6' },
    files: program,
    command: ['deno', 'run', '--allow-read', '--allow-env', '--no-lock', 'run.js'],
  },
  { title: 'Bun 1.4.5', install: { ...indexedDB, bun: '1.4.5' }, files: program, command: ['bun', 'run.js'] },
  vitest('node'),
  vitest('jsdom', { jsdom: '26.1.0' }),
  vitest('happy-dom', { 'happy-dom': '21.0.4' }),
  {
    title: 'Jest 30.5.2',
    install: { ...indexedDB, jest: '30.5.2', '@jest/globals': '30.5.2' },
    files: using('@jest/globals'),
    command: ['node', '--experimental-vm-modules', 'node_modules/jest/bin/jest.js'],
    needs: '`NODE_OPTIONS=--experimental-vm-modules`, as for every ES module',
    right: passes,
  },
].map((environment) => ({ right: prints, needs: '', ...environment }))

/** Runs the lines in one environment. Answers '' or what is wrong. */
export async function runIn({ title, install, files, command, right }, { tarball }) {
  const project = new Project(title)
  try {
    for (const [path, text] of Object.entries({ ...files, 'lines.js': lines })) project.write(path, text)
    await project.install(install, tarball)
    const printed = await project.run(...command)
    return right(printed) ? '' : printed
  } catch (error) {
    return error.message
  } finally {
    project.remove()
  }
}
