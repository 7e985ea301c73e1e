/** The app ends while the command of the option `before` runs: the line about it says that a start follows, and waits for no save. */
import { resolve } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { run } from '../support/child.ts'
import { createProject } from '../support/project.ts'

const bin = resolve(import.meta.dirname, '../../bin/vite-tether.js')

const ENDS: Record<string, [how: string, says: RegExp]> = {
  'exits with 1': ['process.exit(1)', /exited with code 1, starting again/],
  'exits with 0': ['process.exit(0)', /exited 0, starting again/],
  throws: [`setTimeout(() => { throw new Error('no') })`, /exited with code 1, starting again/],
}

test.each(Object.keys(ENDS).flatMap((end, index) => [[end, index === 0 ? [] : ['--no-standby']] as const]))(
  'it %s, %j',
  async (end, flags) => {
    const [how, says] = ENDS[end]!
    const project = createProject({
      'package.json': '{ "type": "module" }',
      // until the app has ended, and its end is told
      'before.mjs': `import { existsSync, writeFileSync } from 'node:fs'
        writeFileSync('end.txt', '')
        while (!existsSync('go.txt')) await new Promise((resolve) => setTimeout(resolve, 10))`,
      'src/main.ts': `import { existsSync } from 'node:fs'
        console.log('runs 1')
        setInterval(() => { if (existsSync('end.txt')) { ${how} } }, 10)`,
    })
    const { VITEST: _, NODE_ENV: __, ...env } = process.env
    const app = run(process.execPath, [bin, ...flags, '--before', 'node before.mjs', 'src/main.ts'], {
      cwd: project.root,
      env: { ...env, NO_COLOR: '1' },
    })
    onTestFinished(() => app.end())
    await app.match(/^runs 1/m)
    project.write('src/main.ts', `console.log('runs 2')\nsetInterval(() => {}, 1e9)`)
    await app.match(/exited /)
    project.write('go.txt', '')
    await app.match(/^runs 2/m)
    expect(app.text).toMatch(says)
    expect(app.text).not.toMatch(/waiting for a save/)
  },
)
