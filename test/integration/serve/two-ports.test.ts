/** An app that listens on two ports: Vite's port leads to the first, whatever an update replaces. */
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { startFullStack } from '../../support/full-stack.ts'

test.each(['api', 'metrics', 'both'])(
  'the answers behind Vite are those of the first server after updates of %s',
  async (what) => {
    const server = (name: string, version: number) => `
    import { createServer } from 'node:http'
    createServer((_, response) => response.end('${name} ${version}')).listen(0, '127.0.0.1')
    import.meta.hot!.accept()
  `
    const names = what === 'both' ? ['api', 'metrics'] : [what]
    const app = await startFullStack({
      'src/main.ts': `import './api.ts'\nimport './metrics.ts'`,
      'src/api.ts': server('api', 0),
      'src/metrics.ts': server('metrics', 0),
    })
    await app.serving()
    expect((await app.ask('/')).body).toBe('api 0')
    for (const version of [1, 2]) {
      for (const name of names) {
        const applied = once(app.hub, 'update:applied')
        app.project.write(`src/${name}.ts`, server(name, version))
        expect((await applied)[1]).toMatchObject({ outcome: 'updated' })
      }
      expect((await app.ask('/')).body).toBe(what === 'metrics' ? 'api 0' : `api ${version}`)
    }
  },
)
