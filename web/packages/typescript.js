// Compiles a file that uses the package, with each version of TypeScript and each way to find packages.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Project } from './project.js'

/** A file that uses all of the package. */
export const uses = readFileSync(join(import.meta.dirname, 'uses.ts'), 'utf8')
const flags = '--noEmit --strict --skipLibCheck false --target es2022 --lib es2022,dom'.split(' ')
/** How TypeScript finds packages, and the `module` that goes with it. */
export const resolutions = { bundler: 'esnext', node16: 'node16', nodenext: 'nodenext', node: 'esnext' }

/** What a compiler is told. */
export const compiling = (resolution) => [
  ...flags,
  ...['--module', resolutions[resolution], '--moduleResolution', resolution],
]

/** In newer ones `node` is no way any more, or only with a flag that says so. */
const flagsFor = {
  '6.0.3': { node: ['--ignoreDeprecations', '6.0'] },
  '7.0.2': { node: undefined },
}
export const versions = ['5.2.2', '5.4.5', '5.7.3', '5.9.3', '6.0.3', '7.0.2']

/** Answers `{ [resolution]: '' or what is wrong }`, with `undefined` for what there is not. */
export async function compile(version, { tarball }) {
  const project = new Project(`typescript-${version}`)
  const answers = {}
  try {
    project.write('uses.ts', uses)
    await project.install({ typescript: version }, tarball)
    for (const resolution of Object.keys(resolutions)) {
      const flags = { [resolution]: [], ...flagsFor[version] }[resolution]
      answers[resolution] =
        flags &&
        (await project.run('tsc', ...compiling(resolution), ...flags, 'uses.ts').then(
          () => '',
          ({ message }) => message,
        ))
    }
  } catch ({ message }) {
    answers.bundler = message
  } finally {
    project.remove()
  }
  return answers
}
