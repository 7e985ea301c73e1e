import { rmSync } from 'node:fs'
import { defineConfig } from 'tsup'

// tsup's own `clean` would let one of the two builds remove what the other has made
rmSync('dist', { recursive: true, force: true })

/** Comes inside of our own files, so that nobody has to install it: see `ARCHITECTURE.md`. LICENSE has its notice. */
const BUNDLED = ['valibot', 'vite-node', 'pathe']

/** What starts with an app's process comes inside of its file as well: to find and load packages takes longer than to run them. */
const BUNDLED_IN_APP = [
  ...['@jridgewell/trace-mapping', '@jridgewell/sourcemap-codec', '@jridgewell/resolve-uri'],
  ...['@remix-run/node-fetch-server', 'birpc', 'import-meta-resolve', 'obug', 'picocolors', 'ws'],
]

/** Functions that tools for tests replace. */
const TIMERS = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'setImmediate', 'clearImmediate']

/** A file that shares no part with another one. */
const ALONE = { target: 'node20', platform: 'node', splitting: false } as const

export default defineConfig([
  {
    entry: {
      index: 'src/index.ts',
      client: 'src/faces/client-face.ts',
      hmr: 'src/hmr.ts',
      run: 'src/cli/run.ts',
      attach: 'src/faces/run-attach.ts',
      main: 'src/faces/start-app.ts',
      bridge: 'src/faces/preload-bridge.ts',
      'bridge-hooks': 'src/client/bridge/async-hooks-thread.ts',
      'bridge-fetch': 'src/client/link/sync-fetch-worker.ts',
      'link-thread': 'src/server/modules/link-thread.ts',
    },
    format: 'esm',
    target: 'node20',
    platform: 'node',
    splitting: true,
    sourcemap: false,
    noExternal: BUNDLED,
    dts: {
      entry: { index: 'src/index.ts', client: 'src/client.ts', hmr: 'src/hmr.ts' },
      compilerOptions: { ignoreDeprecations: '6.0' },
    },
  },
  {
    // the first file of the command imports nothing of ours: what else there is comes while the app's process boots
    entry: { cli: 'src/cli/main.ts' },
    format: 'esm',
    ...ALONE,
    noExternal: [...BUNDLED, ...BUNDLED_IN_APP],
  },
  {
    // all of an app's process: one file, of which V8 can keep the compiled code
    entry: { app: 'src/faces/app-bundle.ts' },
    format: 'cjs',
    ...ALONE,
    noExternal: [...BUNDLED, ...BUNDLED_IN_APP],
    esbuildOptions(options) {
      options.minifyWhitespace = true
      // Node prints the line in which an error was thrown
      options.lineLimit = 160
      options.define = {
        'import.meta.url': '__url',
        // an app may have removed the global one by the time at which something is loaded
        Buffer: '__Buffer',
        // an app may have put its own in the place of the global ones, which wait until it says so: it would seem not to answer
        ...Object.fromEntries(TIMERS.map((name) => [name, `__timers.${name}`])),
        'performance.now': '__now',
        // ws would look for packages of these names at each start; they have nothing for a socket of this machine
        'process.env.WS_NO_BUFFER_UTIL': '"1"',
        'process.env.WS_NO_UTF_8_VALIDATE': '"1"',
      }
      options.banner = {
        js: `'use strict'; /* contains ${[...BUNDLED, ...BUNDLED_IN_APP].join(', ')} */ const __url = require('node:url').pathToFileURL(__filename).href, __Buffer = require('node:buffer').Buffer, __timers = { ...require('node:timers') }, __now = performance.now.bind(performance);`,
      }
    },
  },
  {
    // the first module of servers that are built: it becomes a part of them
    entry: { 'built-server': 'src/faces/built-server.ts' },
    format: 'esm',
    ...ALONE,
    noExternal: [...BUNDLED, ...BUNDLED_IN_APP, 'mrmime'],
  },
  {
    // what a browser shows of a server
    entry: { 'page/page': 'src/page/page.ts', 'page/style': 'src/page/page.css' },
    format: 'esm',
    target: 'es2022',
    platform: 'browser',
    splitting: false,
    minify: true,
  },
  {
    // what an app imports in production too: alone, and for CommonJS as well
    entry: { keep: 'src/keep.ts' },
    format: ['esm', 'cjs'],
    ...ALONE,
    dts: { compilerOptions: { ignoreDeprecations: '6.0' } },
  },
])
