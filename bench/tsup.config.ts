import { defineConfig } from 'tsup'

export default defineConfig({
  entry: ['bench/main.ts', 'bench/children/*.ts'],
  outDir: 'bench/dist',
  format: 'esm',
  target: 'node20',
  platform: 'node',
  splitting: true,
  skipNodeModulesBundle: true,
  clean: true,
})
