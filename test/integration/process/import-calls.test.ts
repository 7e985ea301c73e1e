/** A process is not given up for code that cannot start, whichever way the running one has loaded it. */
import { expect, test } from 'vitest'
import { startApp, type TestApp } from '../../support/app.ts'
import { freePort } from '../../support/child.ts'
import { ask } from '../../support/keep.ts'

/** Ways to load `./routes.ts`; each leaves `current()`. */
const SPELLINGS: Record<string, string> = {
  'a static import': `import reply from './routes.ts'; const current = () => reply`,
  'top-level await': `const reply = (await import('./routes.ts')).default; const current = () => reply`,
  'a function': `const current = async () => (await import('./routes.ts')).default`,
  'then()': `let reply: string; import('./routes.ts').then((it) => { reply = it.default }); const current = () => reply`,
  'try and catch': `let reply = ''; try { reply = (await import('./routes.ts')).default } catch {}; const current = () => reply`,
  'a computed specifier': `const file = './routes.ts'; const reply = (await import(/* @vite-ignore */ file)).default; const current = () => reply`,
  'a folder that is read': `
    import { readdirSync } from 'node:fs'
    let reply = ''
    for (const file of readdirSync(import.meta.dirname).filter((each) => each.includes('route'))) reply = (await import(import.meta.dirname + '/' + file)).default
    const current = () => reply`,
  'a third module': `import { reply } from './loader.ts'; const current = () => reply`,
  'require()': `import { createRequire } from 'node:module'; const reply = createRequire(import.meta.url)('./routes.ts').default; const current = () => reply`,
}

const routes = (reply: string) => `import { mark } from './mark.ts'; export default '${reply}' + mark`

const BROKEN: Record<string, [file: string, content: string, says: RegExp]> = {
  'a syntax error': ['src/routes.ts', 'export default (', /routes\.ts/],
  'a name that is missing': ['src/mark.ts', `export const other = '!'`, /does not provide an export named 'mark'/],
}

async function start(spelling: string, port: number, accept: string, standby = false): Promise<TestApp> {
  const app = await startApp(
    {
      'package.json': '{ "type": "module" }',
      'src/main.ts': `
        import { createServer } from 'node:http'
        import { keep } from 'vite-tether/keep'
        ${SPELLINGS[spelling]}
        const shared = keep('shared', () => ({ current }))
        shared.current = current
        keep('server', () => createServer(async (_, response) => response.end(String(await shared.current()))).listen(${port}, () => console.log('open')), (server) => { server.close() })
        ${accept}
      `,
      'src/loader.ts': `export const reply = (await import('./routes.ts')).default`,
      'src/routes.ts': routes('v1'),
      'src/mark.ts': `export const mark = '!'`,
    },
    { standby },
  )
  await app.line(/^open/)
  await expect.poll(() => ask(port)).toBe('200 v1!')
  return app
}

const cases = Object.keys(SPELLINGS).flatMap((spelling) =>
  Object.keys(BROKEN).flatMap((broken) =>
    [true, false].map((accepts) => [spelling, broken, accepts ? 'accepts itself' : 'accepts nothing'] as const),
  ),
)

test.each(cases)('%s, %s, the entry %s: the old process serves on, and the correction is applied', async (...row) => {
  const [spelling, broken, accepts] = row
  const isAccepting = accepts === 'accepts itself'
  const port = await freePort()
  const { project, hub, line, lines } = await start(
    spelling,
    port,
    isAccepting ? 'import.meta.hot!.accept()' : '',
    spelling === 'top-level await',
  )
  const { pid } = hub.runners[0]!
  const [file, content, says] = BROKEN[broken]!
  project.write(file, content)
  expect(await line(says)).not.toContain('restarted')
  expect(await ask(port)).toBe('200 v1!')
  // not on request either; that names are there only the running process can tell, and it is not asked then
  if (broken === 'a syntax error')
    await expect(hub.restart(hub.runners[0]!.id)).rejects.toMatchObject({ code: 'ERR_START' })
  expect(lines.filter((text) => /restarted|hot updated/.test(text))).toEqual([])
  expect(await ask(port)).toBe('200 v1!')
  expect(hub.runners[0]!.pid).toBe(pid)

  project.write(file, file === 'src/mark.ts' ? `export const mark = '?'` : routes('v2'))
  const expected = file === 'src/mark.ts' ? '200 v1?' : '200 v2!'
  await expect.poll(() => ask(port), { timeout: 10_000 }).toBe(expected)
})
