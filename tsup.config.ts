import { rmSync } from 'node:fs'
import { defineConfig } from 'tsup'

// tsup's own `clean` would let one of the two builds remove what the other has made
rmSync('dist', { recursive: true, force: true })

/** Comes inside of our own files, so that nobody has to install it: see `ARCHITECTURE.md`. LICENSE has its notice. */
const BUNDLED = ['valibot', 'vite-node', 'pathe']

export default defineConfig([
  {
    entry: {
      index: 'src/index.ts',
      client: 'src/client.ts',
      hmr: 'src/hmr.ts',
      cli: 'src/cli/main.ts',
      main: 'src/client/process/bootstrap.ts',
      bridge: 'src/client/bridge/preload.ts',
      'bridge-hooks': 'src/client/bridge/async-hooks-thread.ts',
      'bridge-fetch': 'src/client/link/sync-fetch-worker.ts',
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
    // what an app imports in production too: alone, and for CommonJS as well
    entry: { keep: 'src/keep.ts' },
    format: ['esm', 'cjs'],
    target: 'node20',
    platform: 'node',
    splitting: false,
    dts: { compilerOptions: { ignoreDeprecations: '6.0' } },
  },
])
