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

/** In the newer ones `node` is no way any more, or only with a flag that says so. */
export const versions = {
  '5.2.2': {},
  '5.4.5': {},
  '5.7.3': {},
  '5.9.3': {},
  '6.0.3': { node: ['--ignoreDeprecations', '6.0'] },
  '7.0.2': { node: undefined },
}

/** Answers `{ [version]: { [resolution]: '' or what is wrong } }`, and `undefined` for what there is not. */
export async function compileAll({ tarball }) {
  const project = new Project('typescript')
  const alias = (version) => `ts-${version}`
  try {
    project.write('uses.ts', uses)
    const install = Object.fromEntries(Object.keys(versions).map((v) => [alias(v), `npm:typescript@${v}`]))
    await project.install(install, tarball)
    const all = {}
    for (const [version, special] of Object.entries(versions)) {
      all[version] = {}
      for (const resolution of Object.keys(resolutions)) {
        const more = resolution in special ? special[resolution] : []
        all[version][resolution] = more && (await compile(project, alias(version), resolution, more))
      }
    }
    return all
  } finally {
    project.remove()
  }
}

async function compile(project, alias, resolution, more) {
  try {
    await project.run('node', `node_modules/${alias}/bin/tsc`, ...compiling(resolution), ...more, 'uses.ts')
    return ''
  } catch (error) {
    return error.message
  }
}
