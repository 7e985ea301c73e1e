import { expect, test } from 'vitest'
import { isPlainConfig } from '../../../../src/server/start/plain-config.ts'

test.each([
  'export default {}',
  "import { defineConfig } from 'vite'\nimport { tether } from 'vite-tether'\nexport default defineConfig({ plugins: [tether({ entry: 'a.ts' })] })",
  "import path from 'node:path'\nimport type { UserConfig } from 'vite'\nexport default { resolve: { alias: { '@': path.resolve(import.meta.dirname, 'src') } } } satisfies UserConfig",
  "import { fileURLToPath, URL } from 'node:url'\nimport { defineConfig, type UserConfig } from 'vite'\nexport default defineConfig(({ mode }) => ({ define: { MODE: JSON.stringify(mode) }, resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } } }))",
])('a config that is nothing but its text: %s', (source) => {
  expect(isPlainConfig(source)).toBe(true)
})

test.each([
  "import react from '@vitejs/plugin-react'\nexport default { plugins: [react()] }",
  "import { own } from './own.ts'\nexport default own",
  "import './effect.ts'\nexport default {}",
  "import { readFileSync } from 'node:fs'\nexport default {}",
  "import { defineConfig, loadEnv } from 'vite'\nexport default defineConfig({})",
  "import * as vite from 'vite'\nexport default vite.defineConfig({})",
  'export default { define: { X: process.env.X } }',
  'export default { define: { X: Date.now() } }',
  'export default { define: { X: Math.random() } }',
  "export default async () => (await import('./own.ts')).default",
  "export default import('./own.ts')",
  "module.exports = require('./own.cjs')",
  "export default { define: { X: [].constructor.constructor('return proc' + 'ess')().env.X } }",
  'export default { define: { X: pr\\u006fcess.env.X } }',
  "export * from './own.ts'",
  "export { default } from './own.ts'",
])('a config that may be more: %s', (source) => {
  expect(isPlainConfig(source)).toBe(false)
})
