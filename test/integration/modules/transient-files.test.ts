import { basename } from 'node:path'
import { expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'

/** Loaders of configs write a module, import it and remove it: the statements up to its removal. */
const LOADERS: Record<string, string> = {
  'by require()':
    "writeFileSync(file + '.cjs', 'module.exports = 1')\nconst got = createRequire(import.meta.url)(file + '.cjs')",
  'by import()':
    "writeFileSync(file + '.mjs', 'export default 1')\nconst got = (await import(pathToFileURL(file + '.mjs').href)).default",
  'by import() with a query':
    "writeFileSync(file + '.mjs', 'export default 1')\nconst got = (await import(pathToFileURL(file + '.mjs').href + '?t=' + Date.now())).default",
}
const ENDS: Record<string, string> = {
  'at once': 'remove()',
  'a moment later': 'setTimeout(remove, 200)',
}
/** A name that no other start has, or always the same. */
const NAMES: Record<string, string> = {
  'a new name': "'config.bundled_' + Math.random().toString(36).slice(2)",
  'one name': "'config.timestamp'",
}

const main = (how: string, name: string, end: string) => `
  import { rmSync, readdirSync, writeFileSync } from 'node:fs'
  import { createRequire } from 'node:module'
  import { pathToFileURL } from 'node:url'
  const file = import.meta.dirname + '/' + ${NAMES[name]}
  ${LOADERS[how]}
  console.log('first got ' + got)
  function remove() {
    for (const each of readdirSync(import.meta.dirname)) if (each.startsWith('config.')) rmSync(import.meta.dirname + '/' + each)
    console.log('removed')
  }
  ${ENDS[end]}
  setInterval(() => {}, 1000)`

const rows = Object.keys(LOADERS).flatMap((how) =>
  Object.keys(NAMES).flatMap((name) => Object.keys(ENDS).map((end) => [how, name, end] as const)),
)

test.each(rows)(
  'a module that an app makes, loads %s (%s) and removes %s does not restart it',
  async (how, name, end) => {
    const { lines, line, project, server } = await startApp(
      { 'package.json': '{ "type": "module" }', 'src/main.js': "console.log('begin')\nsetInterval(() => {}, 1000)" },
      { entry: 'src/main.js' },
    )
    const told: string[] = []
    server.watcher.on('all', (event, file) => told.push(`${event} ${basename(file)}`))
    await line(/^begin/)
    // the watcher has begun: of a file that is made before, it may know nothing
    project.write('src/main.js', main(how, name, end))
    await line(/^removed/)
    // it tells of removals 100 ms late, in their order
    project.write('src/probe.txt', '')
    await expect.poll(() => told).toContain('add probe.txt')
    project.remove('src/probe.txt')
    await expect.poll(() => told).toContain('unlink probe.txt')
    project.edit('src/main.js', 'first got', 'second got')
    await line(/^second got/)
    const said = lines
      .filter((each) => /restarted:|updated|failed/.test(each))
      .map((each) => each.replace(/^.*?(?=restarted)/, ''))
    expect(said).toEqual(['restarted: nothing accepts src/main.js', 'restarted: nothing accepts src/main.js (x2)'])
  },
)

test('a module of such a short life that an import names is missed', async () => {
  const { line, project } = await startApp(
    { 'src/main.js': "console.log('begin')\nsetInterval(() => {}, 1000)" },
    { entry: 'src/main.js' },
  )
  await line(/^begin/)
  project.write('src/b.js', "export const b = 'one'")
  project.write('src/main.js', "import { b } from './b.js'\nconsole.log('b ' + b)\nsetInterval(() => {}, 1000)")
  await line(/^b one/)
  project.remove('src/b.js')
  await line(/Cannot find module.*b\.js/)
})
