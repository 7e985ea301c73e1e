/** The option `entry` is edited in the Vite config while apps run: those that it no longer names end, and give up their ports. */
import { expect, test } from 'vitest'
import { freePort } from '../support/child.ts'
import { startVite } from '../support/vite-command.ts'

const server = (name: string, port: number) => `import http from 'node:http'
  http.createServer((_, res) => res.end('${name} ' + process.pid)).listen(${port}, () => console.log('${name} listens'))`

const config = (entry: unknown) => `import { tether } from 'vite-tether'
  export default { plugins: [tether({ entry: ${JSON.stringify(entry)} })] }`

async function start(entry: unknown) {
  const [port, other] = [await freePort(), await freePort()]
  const { project, app } = startVite({
    'a.ts': server('a', port),
    'b.ts': server('b', port),
    'c.ts': server('c', other),
    'vite.config.ts': config(entry),
  })
  const ask = async (at: number) => (await fetch(`http://localhost:${at}`)).text()
  return { project, app, port, other, ask }
}

test('another entry takes the port of the one that was named before', async () => {
  const { project, app, port, ask } = await start('a.ts')
  await app.match(/^a listens/m)
  const [, pid] = (await ask(port)).split(' ')
  project.write('vite.config.ts', config('b.ts'))
  await app.match(/\] stopped: a\.ts is no entry in the config any more/)
  await app.match(/^b listens/m)
  expect(await ask(port)).toMatch(/^b /)
  expect(() => process.kill(Number(pid), 0)).toThrow()
  // the file of the old entry starts nothing any more
  project.edit('a.ts', 'a listens', 'a runs again')
  project.edit('b.ts', 'b listens', 'b runs again')
  await app.match(/^b runs again/m)
  expect(app.text).not.toMatch(/a runs again/)
})

test('one of two entries is taken out and put back: the other process goes on', async () => {
  const { project, app, port, other, ask } = await start(['a.ts', 'c.ts'])
  await app.match(/a listens/)
  await app.match(/c listens/)
  const [first, kept] = [await ask(port), await ask(other)]
  project.write('vite.config.ts', config(['c.ts']))
  await app.match(/stopped: a\.ts/)
  await expect(ask(port)).rejects.toThrow()
  project.write('vite.config.ts', config(['c.ts', 'a.ts']))
  await expect.poll(() => ask(port).catch(String), { timeout: 20_000 }).toMatch(/^a /)
  expect(await ask(port)).not.toBe(first)
  expect(await ask(other)).toBe(kept)
})

test('an entry that has no file is waited for only as long as the config names it', async () => {
  const { project, app } = await start(['c.ts', 'missing.ts'])
  await app.match(/missing\.ts/)
  project.write('vite.config.ts', config('c.ts'))
  await app.match(/server restarted/)
  project.write('missing.ts', `console.log('runs')`)
  project.edit('c.ts', 'c listens', 'c runs again')
  await app.match(/c runs again/)
  expect(app.text).not.toMatch(/^.*\bruns$/m)
})
