import { once } from 'node:events'
import { expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'
import { until } from '../../support/child.ts'
import { ask } from '../../support/requests.ts'

test.skipIf(process.platform !== 'linux')(
  'a socket with a name and no file is held over a restart, as one with a file',
  async () => {
    const name = `\0tether-${process.pid}`
    const app = await startApp({
      'src/main.ts': `
      import { createServer } from 'node:http'
      createServer((_, response) => response.end('v0')).listen(${JSON.stringify(name)}, () => console.log('listens'))
    `,
    })
    await app.line(/^listens$/)
    expect((await ask({ socketPath: name })).body).toBe('v0')
    app.project.edit('src/main.ts', 'v0', 'v1')
    await once(app.hub, 'restart')
    await until(async () => (await ask({ socketPath: name })).body === 'v1', 'the next process')
  },
)
