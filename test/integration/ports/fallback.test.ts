import { expect, test } from 'vitest'
import { freePort } from '../../support/child.ts'
import { createProject } from '../../support/project.ts'
import { ask } from '../../support/requests.ts'
import { startServer } from '../../support/tether.ts'

test.each([
  ['a channel that has other listeners', "process.removeAllListeners('internalMessage')"],
  ['a server without _createServerHandle', "require('node:net')._createServerHandle = undefined"],
])(
  'where Node is not as expected the app has ports of its own, and the terminal says so once: %s',
  async (_, change) => {
    const port = await freePort()
    const project = createProject({
      'change.cjs': `if (process.send) { ${change} }`,
      'main.ts': `
      import http from 'node:http'
      console.log('sees ' + ['send', 'connected', 'disconnect', 'channel'].some((name) => name in process))
      process.on('message', () => console.log('hears'))
      process.on('disconnect', () => console.log('hears'))
      http.createServer((_, response) => response.end('works')).listen(${port}, () => console.log('listens'))
    `,
    })
    const app = await startServer(project.root, {
      entry: 'main.ts',
      execArgv: ['--require', project.path('change.cjs')],
    })
    const count = (pattern: RegExp) => app.lines.filter((line) => pattern.test(line)).length
    for (let start = 1; start <= 3; start++) {
      await expect.poll(() => count(/^listens$/)).toBe(start)
      expect((await ask({ port })).body).toBe('works')
      await app.hub.restart()
    }
    await app.line(/Ports close while an app restarts: node v\S+ is not as expected/)
    expect(count(/Ports close/)).toBe(1)
    expect(count(/^sees true$/)).toBe(0)
    expect(count(/^hears$/)).toBe(0)
  },
)
