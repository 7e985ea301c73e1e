import { expect, test } from 'vitest'
import { freePort } from '../../support/child.ts'
import { startClients } from '../../support/clients.ts'
import { createProject } from '../../support/project.ts'
import { startServer } from '../../support/tether.ts'

/** Does what a preload may do that takes the process for one with a parent of its own. */
const preload = `
  console.log('preload: ' + typeof process.send)
  process.on('message', () => console.log('hears a message'))
  process.on('disconnect', () => console.log('hears the end'))
  if (process.send) process.send({ say: 1 })`

test.each([
  ['--import', 'preload.mjs', 'undefined'],
  ['--import', 'preload.ts', 'undefined'],
  // node runs it before anything of ours
  ['--require', 'preload.cjs', 'function'],
])('%s of %s sees of the channel: %s, and hears nothing; the port is held', async (flag, file, seen) => {
  const port = await freePort()
  const main = (mark: string) => `
    import http from 'node:http'
    console.log('app: ' + ['send', 'connected', 'disconnect', 'channel'].some((name) => name in process))
    http.createServer((_, response) => response.end('${mark}')).listen(${port}, () => console.log('listens ${mark}'))`
  const project = createProject({ [file]: preload, 'main.ts': main('0') })
  const app = await startServer(project.root, { entry: 'main.ts', execArgv: [flag, project.path(file)] })
  await app.line(/^listens 0$/)
  const clients = startClients(`http://127.0.0.1:${port}`, 'kept')
  await clients.answer('0')
  for (const mark of ['1', '2']) {
    project.write('main.ts', main(mark))
    await clients.answer(mark)
  }
  expect((await clients.end()).failures).toEqual([])
  expect(app.lines).toContain(`preload: ${seen}`)
  expect(app.lines).toContain('app: false')
  expect(app.lines.join('\n')).not.toMatch(/^hears|app: true/m)
})
