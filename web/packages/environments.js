// Every way in which people build pages, with the versions that are tested, and what is special about each.
//
// An environment is a project: what it installs, its files beside those of the folder `app`, and the ways in
// which it comes to a browser. A way is built or served by a command of the project, and then looked at as a
// page, or wherever else it says.
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

const everywhere = ['page', 'global', 'worker', 'sharedWorker']
/** Of scripts from another origin browsers make no workers. */
const pageOnly = ['page', 'global']
const subPath = '/sub/path/'
const otherOrigin = (port) => `http://localhost:${port}/`
const copied = 'copy `asposecache.wasm` beside the bundle'

const app = Object.fromEntries(
  readdirSync(join(import.meta.dirname, 'app')).map((name) => [
    name,
    readFileSync(join(import.meta.dirname, 'app', name), 'utf8'),
  ]),
)
const page = (script) => `<!doctype html><title>asposeCache</title>${script}`
const moduleTag = (src) => `<script type="module" src="${src}"></script>`

const vite = (version) => ({
  name: 'Vite',
  install: { vite: version },
  files: { ...app, 'index.html': page(moduleTag('./main.js')) },
  ways: [
    { name: 'dev', serve: (port) => ['vite', '--host', '127.0.0.1', '--port', port, '--strictPort'] },
    {
      name: 'dev, sub-path',
      serve: (port) => ['vite', '--host', '127.0.0.1', '--port', port, '--strictPort', '--base', subPath],
      path: subPath,
    },
    { name: 'build', build: () => ['vite', 'build'] },
    { name: 'build, sub-path', build: () => ['vite', 'build', '--base', subPath], path: subPath },
    {
      name: 'build, another origin',
      build: (port) => ['vite', 'build', '--base', otherOrigin(port)],
      looks: pageOnly,
    },
  ],
})

const fromFolder = (version) => ({
  ...vite(version),
  asFolder: true,
  ways: [
    {
      name: 'dev, installed as a folder',
      serve: (port) => ['vite', '--host', '127.0.0.1', '--port', port, '--strictPort'],
      needs: '`npm install --install-links`',
    },
  ],
})

const webpack = {
  name: 'webpack',
  install: { webpack: '5.112.2', 'webpack-cli': '7.3.1' },
  files: {
    ...app,
    'webpack.config.js': `export default { mode: 'production', entry: './main.js', performance: { hints: false } }`,
    'dist/index.html': page('<script defer src="main.js"></script>'),
    'dist/other.html': (port) => page(`<script defer src="${otherOrigin(port)}main.js"></script>`),
  },
  ways: [
    { name: 'build', build: () => ['webpack'] },
    { name: 'build, sub-path', build: () => ['webpack'], path: subPath },
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
    {
      name: 'Turbopack',
      build: () => ['next', 'build'],
      serve: (port) => ['next', 'start', '-H', '127.0.0.1', '-p', port],
    },
    {
      name: 'webpack',
      build: () => ['next', 'build', '--webpack'],
      serve: (port) => ['next', 'start', '-H', '127.0.0.1', '-p', port],
    },
  ],
}

const svelteKit = {
  name: 'SvelteKit',
  install: {
    '@sveltejs/kit': '3.2.0',
    '@sveltejs/adapter-static': '4.0.1',
    '@sveltejs/vite-plugin-svelte': '7.3.1',
    svelte: '5.57.3',
    vite: '8.3.8',
  },
  files: {
    ...Object.fromEntries(Object.entries(app).map(([name, text]) => [`src/lib/${name}`, text])),
    'src/app.html': '<!doctype html><head>%sveltekit.head%</head><body>%sveltekit.body%</body>',
    'src/routes/+layout.js': 'export const prerender = true',
    'src/routes/+page.svelte': `<script>import '$lib/main.js'</script><p>asposeCache</p>`,
    'svelte.config.js': `import adapter from '@sveltejs/adapter-static'\nexport default { kit: { adapter: adapter() } }`,
    'vite.config.js': `import { sveltekit } from '@sveltejs/kit/vite'\nexport default { plugins: [sveltekit()] }`,
  },
  lines: 'src/lib/lines.js',
  ways: [
    { name: 'dev', serve: (port) => ['vite', '--host', '127.0.0.1', '--port', port, '--strictPort'] },
    { name: 'build', build: () => ['vite', 'build'], output: 'build' },
  ],
}

const parcel = {
  name: 'Parcel',
  install: { parcel: '2.16.4' },
  files: {
    ...app,
    'main.js': `${app['main.js']}
import askServiceWorker from './ask-service-worker.js'
ask.serviceWorker = () =>
  askServiceWorker(
    navigator.serviceWorker.register(new URL('./service-worker.js', import.meta.url), { type: 'module' }),
  )
`,
    'index.html': page(moduleTag('./main.js')),
  },
  ways: [
    {
      name: 'dev',
      serve: (port) => ['parcel', 'index.html', '--host', '127.0.0.1', '--port', port, '--no-hmr'],
      looks: [...everywhere, 'serviceWorker'],
    },
    {
      name: 'build',
      build: () => ['parcel', 'build', 'index.html'],
      looks: [...everywhere, 'serviceWorker'],
    },
    {
      name: 'build, sub-path',
      build: () => ['parcel', 'build', 'index.html', '--public-url', subPath],
      path: subPath,
    },
  ],
}

const program = 'node_modules/asposecache/dist/asposecache.wasm'
const scripts = ['main.js', 'worker.js', 'shared-worker.js']

const rollup = {
  name: 'Rollup',
  install: { rollup: '4.68.8', '@rollup/plugin-node-resolve': '16.0.3' },
  files: { ...app, 'dist/index.html': page(moduleTag('./main.js')) },
  ways: [
    { name: 'ES modules', needs: copied, copy: program },
    { name: 'ES modules, the program missing', explains: true, looks: pageOnly },
  ].map((way) => ({
    ...way,
    build: () => ['rollup', ...scripts, '-p', 'node-resolve', '-f', 'es', '-d', 'dist'],
  })),
}

const esbuild = {
  name: 'esbuild',
  install: { esbuild: '0.28.2' },
  files: {
    ...app,
    'dist/index.html': page(moduleTag('./main.js')),
    'dist/classic.html': page('<script src="./classic.js"></script>'),
    'classic.js': `import record from './record.js'\nglobalThis.ask = { page: record }`,
  },
  ways: [
    { name: 'ES modules', needs: copied, copy: program },
    { name: 'ES modules, the program missing', explains: true, looks: pageOnly },
  ]
    .map((way) => ({
      ...way,
      build: () => ['esbuild', ...scripts, '--bundle', '--format=esm', '--outdir=dist'],
    }))
    .concat(
      [
        {
          name: 'iife',
          needs: '`wasmURL`',
          copy: program,
          wasmURL: 'asposecache.wasm',
        },
        { name: 'iife, without `wasmURL`', explains: true },
      ].map((way) => ({
        ...way,
        page: 'classic.html',
        looks: ['page'],
        build: () => ['esbuild', 'classic.js', '--bundle', '--format=iife', '--outdir=dist'],
      })),
    ),
}

const dist = 'node_modules/asposecache/dist'
const direct = (text) => text.replaceAll(`'asposecache'`, `'./${dist}/asposecache.js'`)

const withoutBundler = {
  name: 'No bundler',
  install: {},
  files: {
    ...app,
    'index.html': page(
      `<script type="importmap">{ "imports": {
        "asposecache": "./${dist}/asposecache.js",
        "asposecache/global": "./${dist}/asposecache.global.module.js",
        "asposecache/painterro": "./${dist}/asposecache.painterro.js"
      } }</script>${moduleTag('./page.js')}`,
    ),
    // Import maps are not for workers: these have addresses instead.
    'page.js': `import './main.js'
import askServiceWorker from './ask-service-worker.js'
ask.serviceWorker = () =>
  askServiceWorker(navigator.serviceWorker.register('./service-worker.js', { type: 'module' }))
ask.classicWorker = () =>
  new Promise((resolve) => {
    new Worker('./classic-worker.js').onmessage = ({ data }) => resolve(data)
  })
`,
    'other.html': (port) =>
      page(`<script type="importmap">{ "imports": {
        "asposecache": "${otherOrigin(port)}${dist}/asposecache.js",
        "asposecache/global": "${otherOrigin(port)}${dist}/asposecache.global.js",
        "asposecache/painterro": "${otherOrigin(port)}${dist}/asposecache.painterro.js"
      } }</script>${moduleTag('./main.js')}`),
    'classic.html': page(`<script src="./${dist}/asposecache.global.js"></script>
      <script type="module" src="./classic.js"></script>`),
    'other-classic.html': (port) =>
      page(`<script src="${otherOrigin(port)}${dist}/asposecache.global.js"></script>
        <script type="module" src="./classic.js"></script>`),
    'classic.js': `import global from './global.js'\nglobalThis.ask = { global }`,
    'global.js': `export default async () => {
      const layer = await asposeCache.allocate(48_000_000)
      const { allocatedMemoryBytesCount: memory, allocatedDiskBytesCount: disk } = asposeCache
      return [layer.medium, memory, disk].join(' ')
    }`,
    'classic-worker.js': `importScripts('./${dist}/asposecache.global.js')
      import('./global.js').then(({ default: global }) => global()).then(postMessage)`,
  },
  ways: [
    {
      name: 'import map',
      looks: ['page', 'global'],
    },
    { name: 'import map, sub-path', looks: ['page', 'global'], path: subPath },
    { name: 'import map, another origin', page: 'other.html', looks: pageOnly },
    {
      name: 'addresses',
      direct,
      looks: ['worker', 'sharedWorker', 'serviceWorker', 'classicWorker'],
    },
    { name: 'classic script', page: 'classic.html', looks: ['global'] },
    { name: 'classic script, another origin', page: 'other-classic.html', looks: ['global'] },
  ].map((way) => ({ output: '.', ...way })),
}

export const environments = [
  withoutBundler,
  ...['5.4.21', '6.4.6', '7.3.8', '8.3.8'].map(vite),
  ...['5.4.21', '8.3.8'].map(fromFolder),
  webpack,
  next,
  svelteKit,
  parcel,
  rollup,
  esbuild,
].map((environment) => ({
  lines: 'lines.js',
  ...environment,
  ways: environment.ways.map((way) => ({ looks: everywhere, page: '', path: '/', output: 'dist', ...way })),
}))
