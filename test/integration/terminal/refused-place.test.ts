/** A save that imports what is not there is refused with the place of the import, whichever way it is written. */
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'

const APP = {
  'package.json': '{ "type": "module" }',
  'src/main.ts': "import './importer.ts'\nconsole.log('runs 1')\nsetInterval(() => {}, 1e9)",
  'src/importer.ts': '',
  'src/helper.ts': 'export const help = 1',
}

test.each([
  ["import { help } from './helpr'", 23, /\/src\/helpr'.*Did you mean 'helper'\?/],
  ["import { help } from './helpr.ts'", 23, /\/src\/helpr\.ts'.*Did you mean 'helper\.ts'\?/],
  ["import { help } from './helpr.js'", 23, /\/src\/helpr\.js'/],
  ["import { help } from '../src/helpr'", 23, /\/src\/helpr'/],
  ["import { help } from '/src/helpr.ts'", 23, /\/src\/helpr\.ts'/],
  ["export * from './helpr'", 16, /\/src\/helpr'/],
  ["import data from './data.json'", 19, /\/src\/data\.json'/],
  ["await import('./helpr')", 15, /\/src\/helpr'/],
  ["import { help } from './none/helper'", 23, /\/src\/none\/helper'/],
  ["import { help } from '../../helpr.ts'", 23, /\/helpr\.ts'/],
])('%s', async (code, column, message) => {
  const { project, line, lines } = await startApp(APP)
  await line(/^runs 1/)
  // the compiler leaves out what nobody uses
  const [, name = '0'] = /import (?:\{ )?(\w+)/.exec(code) ?? []
  project.write('src/importer.ts', `// the importer\n\n${code}\nexport const used: unknown = ${name}\n`)
  await line(/The app still runs the code from before/)
  expect(lines.join('\n')).toMatch(new RegExp(`your code failed: src/importer\\.ts:3:${column}\\n`))
  expect(lines.join('\n')).toMatch(message)
  const frame = lines.findIndex((each) => each.includes(` ${code}`))
  expect(lines[frame]).toMatch(/^3 +\|/)
  expect(lines[frame + 1]!.indexOf('^')).toBe(lines[frame]!.indexOf(code) + column - 1)
})

test.each([
  ['with a standby', true],
  ['without a standby', false],
])('a save that is refused after another is told once: %s', async (_, standby) => {
  const { project, line, lines } = await startApp(APP, { standby })
  await line(/^runs 1/)
  for (const name of ['first', 'second', 'third']) {
    project.write('src/importer.ts', `import './${name}.ts'\n`)
    await line(new RegExp(`/src/${name}\\.ts'`))
    // the refused restart is asked for by the save, and by the runner that cannot take the update: a second line would come by now
    await delay(300)
  }
  project.write('src/importer.ts', '')
  await line(/restarted/)
  expect(lines.filter((each) => each.includes('your code failed'))).toHaveLength(3)
})
