/** An app that another module keeps, and to which the module that listens adds again each time it runs. */
import { expect, test } from 'vitest'
import { freePort } from '../../support/child.ts'
import { ask } from '../../support/keep.ts'
import { createProject } from '../../support/project.ts'
import { attach, startServer } from '../../support/tether.ts'

/** A framework in a few lines: the first route answers. */
const framework = `
  export function make() {
    const routes = []
    const app = (request, response) => response.end(String(routes[0]()))
    app.get = (path, handler) => routes.push(handler)
    return app
  }
`

const SHAPES: Record<string, { main: string; app: string; piles: boolean }> = {
  'the app of another module': {
    app: `import { make } from './framework.js'; export const app = make()`,
    main: `import { app } from './app.js'; app.get('/', () => VERSION)`,
    piles: true,
  },
  'a re-exported app': {
    app: `export { app } from './made.js'`,
    main: `import { app } from './app.js'; app.get('/', () => VERSION)`,
    piles: true,
  },
  'an app of its own': {
    app: '',
    main: `import { make } from './framework.js'; const app = make(); app.get('/', () => VERSION)`,
    piles: false,
  },
  'a plain function of another module': {
    app: `let reply = () => ''; export const answer = (next) => { reply = next }; export const app = (request, response) => response.end(String(reply()))`,
    main: `import { answer, app } from './app.js'; answer(() => VERSION)`,
    piles: false,
  },
}

test.each(Object.entries(SHAPES))('%s: where routes pile up that is said, once', async (_, { main, app, piles }) => {
  const port = await freePort()
  const code = (version: number) => `
    import { listen } from 'vite-tether/keep'
    ${main.replace('VERSION', String(version))}
    listen(app, ${port})
    import.meta.hot.accept()
  `
  const project = createProject({
    'package.json': '{ "type": "module" }',
    'src/framework.js': framework,
    'src/made.js': `import { make } from './framework.js'; export const app = make()`,
    'src/app.js': app,
    'src/main.js': code(1),
  })
  const { hub } = await startServer(project.root, { attach: true })
  const { runner, lines, applied } = await attach({ hub }, project.root)
  await runner.import('/src/main.js')
  await expect.poll(() => ask(port)).toBe('200 1')
  for (const version of [2, 3]) {
    const done = applied()
    project.write('src/main.js', code(version))
    await done
  }
  expect(await ask(port)).toBe(piles ? '200 1' : '200 3')
  expect(lines.filter((line) => /ran again and called listen\(\) with the same app/.test(line))).toHaveLength(
    piles ? 1 : 0,
  )
})
