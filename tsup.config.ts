import { defineConfig } from 'tsup'

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    client: 'src/client/index.ts',
    hmr: 'src/hmr.ts',
    cli: 'src/cli.ts',
    main: 'src/client/main.ts',
    bridge: 'src/client/bridge/preload.ts',
    'bridge-hooks': 'src/client/bridge/hooks.ts',
    'bridge-fetch': 'src/client/bridge/fetch-worker.ts',
  },
  format: 'esm',
  target: 'node20',
  platform: 'node',
  splitting: true,
  sourcemap: false,
  clean: true,
  dts: {
    entry: { index: 'src/index.ts', client: 'src/client/index.ts', hmr: 'src/hmr.ts' },
    compilerOptions: { ignoreDeprecations: '6.0' },
  },
})
