/** Files that are made while Vite's watcher reads their folder for the first time, and takes them for some that were there. */
import { fileURLToPath } from 'node:url'
import { onTestFinished, test } from 'vitest'
import { run } from '../../support/child.ts'
import { createProject } from '../../support/project.ts'

const cli = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url))

/** The asynchronous reading of the root, which only the watcher does, waits for a file. */
const HOLD = `
  const fs = require('node:fs')
  const { readdir } = fs
  fs.readdir = (path, ...rest) => {
    const isHeld = String(path).replace(/\\/$/, '') === process.env.HELD && !fs.existsSync(process.env.AWAITED)
    if (isHeld) setTimeout(fs.readdir, 5, path, ...rest)
    else readdir(path, ...rest)
  }
`

const MISSING = /Cannot find module .* imported from/

test.each([
  ['the entry', 'app.ts', undefined, /The entry .* does not exist/],
  ['what it imports', 'late.ts', "import './late.ts'", MISSING],
  ['what it imports as .js', 'late.ts', "import './late.js'", MISSING],
  ['what it imports without an extension', 'late.ts', "import './late'", MISSING],
  ['what it exports from', 'late.ts', "export * from './late'", MISSING],
  ['what it imports by import()', 'late.ts', "await import('./late')", MISSING],
])('%s is found that is made before the watcher has read its folder', async (_, file, code, missing) => {
  const project = createProject({ 'hold.cjs': HOLD, ...(code && { 'app.ts': code }) })
  const running = run(process.execPath, [cli, 'app.ts'], {
    cwd: project.root,
    env: {
      ...process.env,
      NO_COLOR: '1',
      NODE_OPTIONS: `--require ${project.path('hold.cjs')}`,
      HELD: project.root,
      AWAITED: project.path(file),
    },
  })
  onTestFinished(() => running.end())
  await running.match(missing)
  // an app whose import is missing says that it waits
  if (code) await running.match(/waiting for a save/)
  project.write(file, "console.log('it is made')")
  await running.match(/^it is made$/m)
})
