// Every way in which people build pages, with the versions that are tested, and what is special about each. The
// versions are the newest that run under Node 20.19.
//
// An environment is a project: what it installs, its files beside those of the folder `app`, and the ways in
// which it comes to a browser. A way is built or served by a command of the project, and then looked at as a
// page, in a worker, or wherever else it says.
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

const everywhere = ['page', 'global', 'worker', 'sharedWorker']
/** Of scripts from another origin browsers make no workers. */
const pageOnly = ['page', 'global']
const inShort = ['page', 'worker']
const subPath = '/sub/path/'
const otherOrigin = (port) => `http://localhost:${port}/`

const app = Object.fromEntries(
  readdirSync(join(import.meta.dirname, 'app')).map((name) => [
    name,
    readFileSync(join(import.meta.dirname, 'app', name), 'utf8'),
  ]),
)
const inFolder = (folder) =>
  Object.fromEntries(Object.entries(app).map(([name, text]) => [`${folder}/${name}`, text]))
const page = (script) => `<!doctype html><title>asposeCache</title>${script}`
const moduleTag = (src) => `<script type="module" src="${src}"></script>`
const dist = 'node_modules/asposecache/dist'

const viteServer = (port, ...flags) => [
  'vite',
  '--host',
  '127.0.0.1',
  '--port',
  port,
  '--strictPort',
  ...flags,
]

const vite = (version) => ({
  name: 'Vite',
  install: { vite: version },
  files: { ...app, 'index.html': page(moduleTag('./main.js')) },
  ways: [
    { name: 'dev', serve: viteServer },
    {
      name: 'dev, sub-path',
      serve: (port) => viteServer(port, '--base', subPath),
      path: subPath,
      looks: inShort,
    },
    { name: 'build', build: () => ['vite', 'build'] },
    {
      name: 'build, sub-path',
      build: () => ['vite', 'build', '--base', subPath],
      path: subPath,
      looks: inShort,
    },
    {
      name: 'build, another origin',
      build: (port) => ['vite', 'build', '--base', otherOrigin(port)],
      looks: pageOnly,
    },
  ],
})

const allowing = (folder) => `export default { server: { fs: { allow: ['.', ${JSON.stringify(folder)}] } } }`

/** The package as a folder beside the project: a link to it, or its files copied. */
const viteWithFolder = (version) => ({
  ...vite(version),
  from: 'link',
  ways: [
    {
      name: 'dev, a link to a folder',
      serve: viteServer,
      files: ({ folder }) => ({ 'vite.config.js': allowing(folder) }),
      needs: "`server: { fs: { allow: ['.', '../that/folder'] } }` in vite.config.js",
    },
    {
      name: 'dev, a link to a folder, without that',
      serve: viteServer,
      files: () => ({ 'vite.config.js': 'export default {}' }),
      explains: true,
      looks: ['page'],
    },
    { name: 'build, a link to a folder', build: () => ['vite', 'build'], looks: inShort },
  ],
})

const inWorkspace = { name: 'dev, in a workspace', serve: (port) => viteServer(port, 'app') }
/** The package in a `node_modules` above the one of the project. */
const viteInWorkspace = (version) => ({
  ...vite(version),
  sources: 'app/',
  files: {
    ...inFolder('app'),
    'app/index.html': page(moduleTag('./main.js')),
    'app/package.json': '{ "private": true, "type": "module" }',
    'pnpm-workspace.yaml': 'packages: [app]',
  },
  // From 8 on Vite keeps the address of a file beside a script that it has moved.
  ways:
    version < '8'
      ? [
          {
            ...inWorkspace,
            files: () => ({
              'app/vite.config.js': `export default { optimizeDeps: { exclude: ['asposecache'] } }`,
            }),
            needs: "`optimizeDeps: { exclude: ['asposecache'] }` in vite.config.js",
          },
          {
            ...inWorkspace,
            name: 'dev, in a workspace, without that',
            files: () => ({ 'app/vite.config.js': 'export default {}' }),
            explains: true,
            looks: ['page'],
          },
        ]
      : [inWorkspace],
})

const webpack = {
  name: 'webpack',
  install: { webpack: '5.112.1', 'webpack-cli': '7.3.1' },
  files: {
    ...app,
    'webpack.config.js': `export default {
      mode: 'production',
      entry: './main.js',
      output: { chunkFilename: '[contenthash].js' },
      performance: { hints: false },
    }`,
    'dist/index.html': page('<script defer src="main.js"></script>'),
    'dist/other.html': (port) => page(`<script defer src="${otherOrigin(port)}main.js"></script>`),
  },
  ways: [
    { name: 'build', build: () => ['webpack'] },
    { name: 'build, sub-path', build: () => ['webpack'], path: subPath, looks: inShort },
    { name: 'build, another origin', build: () => ['webpack'], page: 'other.html', looks: pageOnly },
  ],
}

const next = {
  name: 'Next',
  install: { next: '16.4.6', react: '19.3.1', 'react-dom': '19.3.1' },
  files: {
    ...app,
    'app/layout.js': `export default ({ children }) => <html><body>{children}</body></html>`,
    'app/page.js': `'use client'\nimport '../main.js'\nexport default () => <p>asposeCache</p>`,
  },
  ways: [
    { name: 'dev', serve: (port) => ['next', 'dev', '-H', '127.0.0.1', '-p', port], looks: inShort },
    {
      name: 'build',
      build: () => ['next', 'build'],
      serve: (port) => ['next', 'start', '-H', '127.0.0.1', '-p', port],
    },
    {
      name: 'build with webpack',
      build: () => ['next', 'build', '--webpack'],
      serve: (port) => ['next', 'start', '-H', '127.0.0.1', '-p', port],
    },
  ],
}

const svelteKit = {
  name: 'SvelteKit',
  install: {
    '@sveltejs/kit': '2.70.4',
    '@sveltejs/adapter-static': '3.0.11',
    '@sveltejs/vite-plugin-svelte': '6.2.4',
    svelte: '5.57.3',
    vite: '7.3.8',
  },
  files: {
    ...inFolder('src/lib'),
    'src/app.html': '<!doctype html><head>%sveltekit.head%</head><body>%sveltekit.body%</body>',
    'src/routes/+layout.js': 'export const prerender = true',
    'src/routes/+page.svelte': `<script>import '../lib/main.js'</script><p>asposeCache</p>`,
    'svelte.config.js': `import adapter from '@sveltejs/adapter-static'
      export default { kit: { adapter: adapter() } }`,
    'vite.config.js': `import { sveltekit } from '@sveltejs/kit/vite'
      export default { plugins: [sveltekit()] }`,
  },
  sources: 'src/lib/',
  ways: [
    { name: 'dev', serve: viteServer },
    { name: 'build', build: () => ['vite', 'build'], output: 'build' },
  ],
}

const parcelBuild = (...flags) => ['parcel', 'build', 'index.html', ...flags]
const parcel = {
  name: 'Parcel',
  install: { parcel: '2.16.4' },
  files: { ...app, 'index.html': page(moduleTag('./main.js')) },
  ways: [
    {
      name: 'dev',
      serve: (port) => ['parcel', 'index.html', '--host', '127.0.0.1', '--port', port, '--no-hmr'],
      looks: [...everywhere, 'serviceWorker'],
    },
    // Whatever two workers share is lost in its builds, see PACKAGES.md: so each is built alone.
    { name: 'build', build: () => parcelBuild(), looks: ['page', 'global', 'worker', 'serviceWorker'] },
    { name: 'build', build: () => parcelBuild(), looks: ['page', 'global', 'sharedWorker'] },
    {
      name: 'build of two workers',
      build: () => parcelBuild('--no-scope-hoist'),
      needs: '`--no-scope-hoist`',
      looks: everywhere,
    },
    {
      name: 'build, sub-path',
      build: () => parcelBuild('--public-url', subPath),
      path: subPath,
      looks: inShort,
    },
    {
      name: 'build, another origin',
      build: (port) => parcelBuild('--public-url', otherOrigin(port)),
      looks: pageOnly,
    },
  ],
}

const copied = '`asposecache.wasm` copied beside the bundle'
const copy = `${dist}/asposecache.wasm`
const asURL = (lines) =>
  `import wasmURL from 'asposecache/asposecache.wasm'\n${lines}`.replace(
    'loadAsposeCache()',
    'loadAsposeCache({ wasmURL })',
  )
const atURL = (lines) =>
  lines.replace('loadAsposeCache()', "loadAsposeCache({ wasmURL: '/asposecache.wasm' })")
const imported = "`import wasmURL from 'asposecache/asposecache.wasm'`, `loadAsposeCache({ wasmURL })`"
const scripts = ['main.js', 'worker.js', 'shared-worker.js']

const rollup = {
  name: 'Rollup',
  install: { rollup: '4.68.8', '@rollup/plugin-node-resolve': '16.0.3', '@rollup/plugin-url': '8.0.2' },
  files: {
    ...app,
    'dist/index.html': page(moduleTag('./main.js')),
    'url.config.js': `import url from '@rollup/plugin-url'
      export default { plugins: [url({ include: '**/*.wasm', limit: 0, publicPath: '/' })] }`,
  },
  ways: [
    { name: 'es', needs: copied, copy },
    {
      name: 'es',
      config: ['-c', 'url.config.js'],
      lines: asURL,
      needs: `\`@rollup/plugin-url\`, ${imported}`,
      looks: ['page', 'worker', 'sharedWorker'],
    },
    { name: 'es, without the program', explains: true, looks: pageOnly },
  ].map(({ config = [], ...way }) => ({
    ...way,
    build: () => ['rollup', ...config, ...scripts, '-p', 'node-resolve', '-f', 'es', '-d', 'dist'],
  })),
}

const toESM = (...flags) => ['esbuild', ...scripts, '--bundle', '--format=esm', '--outdir=dist', ...flags]
const toClassic = (...flags) => ['esbuild', 'main.js', '--bundle', '--format=iife', '--outdir=dist', ...flags]
const asFile = ['--loader:.wasm=file', '--public-path=/']
const esbuild = {
  name: 'esbuild',
  install: { esbuild: '0.28.2' },
  files: {
    ...app,
    'dist/index.html': page(moduleTag('./main.js')),
    'dist/classic.html': page('<script src="./main.js"></script>'),
  },
  ways: [
    { name: 'esm', build: () => toESM(), needs: copied, copy },
    {
      name: 'esm',
      build: () => toESM(...asFile),
      lines: asURL,
      needs: `\`--loader:.wasm=file\`, ${imported}`,
      looks: ['page', 'worker', 'sharedWorker'],
    },
    { name: 'esm, without the program', build: () => toESM(), explains: true, looks: pageOnly },
    {
      name: 'iife',
      build: () => toClassic(...asFile),
      lines: asURL,
      needs: `\`--loader:.wasm=file\`, ${imported}`,
      page: 'classic.html',
      looks: ['page'],
    },
    {
      name: 'iife',
      build: () => toClassic(),
      lines: atURL,
      copy,
      needs: "`loadAsposeCache({ wasmURL: '/asposecache.wasm' })`",
      page: 'classic.html',
      looks: ['page'],
    },
    {
      name: 'iife, without the program',
      build: () => toClassic(),
      explains: true,
      page: 'classic.html',
      looks: pageOnly,
    },
  ],
}

const importMap = (root) =>
  `<script type="importmap">${JSON.stringify({
    imports: {
      asposecache: `${root}${dist}/asposecache.js`,
      'asposecache/global': `${root}${dist}/asposecache.global.module.js`,
      'asposecache/painterro': `${root}${dist}/asposecache.painterro.js`,
    },
  })}</script>`
const classicTag = (root) => `<script src="${root}${dist}/asposecache.global.js"></script>`
const classicPage = `import viaGlobal from './via-global.js'\nglobalThis.ask = { global: viaGlobal }`

const withoutBundler = {
  name: 'No bundler',
  install: {},
  files: {
    ...app,
    'index.html': page(importMap('./') + moduleTag('./main.js')),
    'other.html': (port) => page(importMap(otherOrigin(port)) + moduleTag('./main.js')),
    'classic.js': classicPage,
    'classic.html': page(classicTag('./') + moduleTag('./classic.js')),
    'other-classic.html': (port) => page(classicTag(otherOrigin(port)) + moduleTag('./classic.js')),
  },
  ways: [
    { name: 'import map', looks: pageOnly },
    { name: 'import map, sub-path', looks: pageOnly, path: subPath },
    { name: 'import map, another origin', page: 'other.html', looks: pageOnly },
    {
      name: 'workers',
      needs: 'the address of the script: import maps are not for workers',
      lines: (lines) => lines.replaceAll(`'asposecache'`, `'./${dist}/asposecache.js'`),
      looks: ['worker', 'sharedWorker', 'serviceWorker', 'classicWorker'],
    },
    { name: 'classic script', page: 'classic.html', looks: ['global'] },
    { name: 'classic script, another origin', page: 'other-classic.html', looks: ['global'] },
  ].map((way) => ({ output: '.', ...way })),
}

/** Where the lines can be run, and the module of `app` that does it. */
export const places = {
  page: 'in-page.js',
  global: 'in-global.js',
  worker: 'in-worker.js',
  sharedWorker: 'in-shared-worker.js',
  serviceWorker: 'in-service-worker.js',
  classicWorker: 'in-classic-worker.js',
}

const vites = ['5.4.21', '6.4.6', '7.3.8', '8.3.8']
export const environments = [
  withoutBundler,
  ...vites.map(vite),
  ...vites.map(viteWithFolder),
  ...vites.map(viteInWorkspace),
  webpack,
  next,
  svelteKit,
  parcel,
  rollup,
  esbuild,
].map((environment) => ({
  sources: '',
  from: 'tarball',
  ...environment,
  title: `${environment.name} ${Object.values(environment.install)[0] ?? ''}`.trim(),
  ways: environment.ways.map((way) => ({
    looks: everywhere,
    page: '',
    path: '/',
    output: 'dist',
    needs: '',
    lines: (lines) => lines,
    files: () => ({}),
    ...way,
  })),
}))
