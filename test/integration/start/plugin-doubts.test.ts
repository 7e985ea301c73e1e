/** Where an installed plugin makes code of something that no proof can have nothing is kept, and the reason is said. */
import { symlinkSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { begin, createApp } from '../../support/kept-start.ts'

const vite = fileURLToPath(new URL('../../../node_modules/vite', import.meta.url))

test.each<[what: string, code: string, value: string, reason: RegExp]>([
  ['a date of the clock', '', 'new Date(Date.now()).getFullYear()', /a clock is asked/],
  ['the host', "import { hostname } from 'node:os'", 'hostname()', /os\.hostname\(\) is asked/],
  [
    'its addresses',
    "import os from 'node:os'",
    'Object.keys(os.networkInterfaces())',
    /os\.networkInterfaces\(\) is asked/,
  ],
  [
    'an address',
    "import { lookup } from 'node:dns/promises'",
    "(await lookup('localhost')).address",
    /an address is looked up/,
  ],
  [
    'the year that a format writes',
    '',
    "new Intl.DateTimeFormat('en', { year: 'numeric' }).format()",
    /a clock is asked/,
  ],
  ['the year of a date of a date', '', 'new (new Date(0).constructor)().getFullYear()', /a clock is asked/],
  ['a bit of chance', "import { randomInt } from 'node:crypto'", 'randomInt(1)', /chance is asked/],
  ['a byte of chance', '', 'crypto.getRandomValues(new Uint8Array(1)).length', /chance is asked/],
  [
    'a process, as a promise',
    "import { execFile } from 'node:child_process'\nimport { promisify } from 'node:util'",
    "(await promisify(execFile)('echo', ['x'])).stdout",
    /a process is started/,
  ],
  [
    'an address of a resolver of its own',
    "import { Resolver } from 'node:dns/promises'",
    "await new Resolver({ timeout: 1, tries: 1 }).resolve4('none.invalid').catch(() => 'none')",
    /an address is looked up/,
  ],
  ['another world', "import { runInNewContext } from 'node:vm'", "runInNewContext('1')", /another world is made/],
  [
    'a device',
    "import { openSync, closeSync } from 'node:fs'",
    "closeSync(openSync('/dev/zero'))",
    /\/dev\/zero is read, which is no file/,
  ],
  [
    'standard input',
    "import { readFileSync } from 'node:fs'",
    '(() => { try { return readFileSync(0).length } catch {} })()',
    /standard input is read/,
  ],
  [
    'a config',
    "import { loadConfigFromFile as load } from 'vite'",
    "(await load({}, 'other.ts')).config",
    /may start another Vite/,
  ],
  [
    'a module',
    "import * as vite from 'vite'",
    "Object.keys((await vite.runnerImport('./other.ts')).module)",
    /may start another Vite/,
  ],
  ['a build', "const { build } = await import('vite')", 'build.length', /may start another Vite/],
  [
    'a bundle',
    "import { createRequire } from 'node:module'\nconst vite_1 = createRequire(import.meta.url)('vite')",
    '(0, vite_1.build).length',
    /may start another Vite/,
  ],
])('where a plugin makes code of %s nothing is kept', async (_, code, value, reason) => {
  const project = createApp({
    'src/main.ts': "console.log('app ' + SAID)\n",
    'other.ts': 'export default { define: {} }',
    'vite.config.ts': "import plugin from 'plugin'\nexport default { plugins: [plugin()] }",
    'node_modules/plugin/package.json':
      '{ "name": "plugin", "version": "1.0.0", "type": "module", "exports": "./index.js" }',
    'node_modules/plugin/index.js': `${code}
export default () => ({ name: 'plugin', async transform(code) { return code.replace('SAID', JSON.stringify(String(${value}))) } })`,
  })
  symlinkSync(vite, project.path('node_modules/vite'))
  const running = begin(project, ['--once'])
  expect(await running.exited, running.text).toEqual({ code: 0, signal: null })
  expect(running.text).toMatch(/^app /m)
  expect(running.text).toMatch(new RegExp(`nothing is kept: .*${reason.source}`))
})

test.each<[what: string, main: string]>([
  ['that a plugin has written', "console.log('app ' + Object.keys(LIST))"],
  [
    'for an import of a template',
    `const name = 'a'\nconsole.log('app ' + (await import(\`./deep/\${name}/index.ts\`)).name)`,
  ],
])('a list of files %s is made anew at each start', async (_, main) => {
  const project = createApp({
    'src/main.ts': main,
    'src/deep/a/index.ts': "export const name: string = 'a'",
    'vite.config.ts': `export default { plugins: [{ name: 'p', transform: (code) => code.replace('LIST', "import.meta.glob('./deep/**/*.md')") }] }`,
  })
  const running = begin(project, ['--once'])
  expect(await running.exited, running.text).toEqual({ code: 0, signal: null })
  expect(running.text).toMatch(/nothing is kept: .*main\.ts: it lists files/)
})
