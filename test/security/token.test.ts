import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { connect } from '../../src/client/runner/connect.ts'
import { deriveKeys } from '../../src/shared/session/auth.ts'
import { freePort, type Running, run } from '../support/child.ts'
import { createProject } from '../support/project.ts'

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))

/** Long enough to be looked for, and in no other text. */
const TOKEN = 'Zk3vQ8wXn1Lr5Tb7Yc9Hd2Jf4Mg6Ps0U'
/** The token, any larger part of it, and what goes over the wire instead of it. */
const { gate, proof } = deriveKeys(TOKEN)
const SECRETS = [
  TOKEN,
  TOKEN.slice(0, 8),
  TOKEN.slice(-8),
  gate,
  gate.slice(0, 8),
  proof.toString('base64url').slice(0, 8),
]

function expectNoSecret(text: string, where: string): void {
  for (const secret of SECRETS) expect(text.includes(secret), `${secret} in ${where}`).toBe(false)
}

/** An app that tells what it and what it starts can see, and goes wrong in several ways. */
const APP = {
  'main.ts': `
    import { execFileSync } from 'node:child_process'
    const child = execFileSync(process.execPath, ['-p', 'JSON.stringify(process.env)'], { encoding: 'utf8' })
    console.log('environment', JSON.stringify(process.env), child)
    setInterval(() => {}, 1000)
    process.on('SIGUSR2', () => { throw new Error('on request') })
    console.log('up')
  `,
}

/** A process with everything that it can be made to say. */
function loud(argv: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Running {
  const running = run(process.execPath, [cli, ...argv], {
    cwd,
    env: { ...process.env, NO_COLOR: '1', DEBUG: '*', ...env },
  })
  onTestFinished(() => running.end())
  return running
}

test.skipIf(process.platform !== 'linux')(
  'the token stands in no argv, does not reach what the app starts, and is in no output, whatever goes wrong',
  async () => {
    const project = createProject(APP)
    const port = await freePort()
    const url = `ws://127.0.0.1:${port}/__tether`
    const server = loud(['--attach', String(port), 'main.ts'], project.root, { TETHER_TOKEN: TOKEN })
    await server.match(/^up$/m)
    const worker = loud(['attach', url, 'main.ts'], createProject({}).root, { TETHER_TOKEN: TOKEN })
    await worker.match(/^up$/m)

    // what `ps` shows to everybody
    expectNoSecret(execFileSync('ps', ['-eo', 'args', 'ww'], { encoding: 'utf8' }), 'argv')
    for (const { pid } of [server, worker]) expectNoSecret(readFileSync(`/proc/${pid}/cmdline`, 'latin1'), 'argv')

    // a wrong token that begins like the right one, no server, a URL with the token in it
    const wrong = loud(['attach', url, 'main.ts'], project.root, { TETHER_TOKEN: `${TOKEN.slice(0, -1)}!` })
    const nobody = loud(['attach', 'ws://127.0.0.1:1/', 'main.ts'], project.root, { TETHER_TOKEN: TOKEN })
    const misplaced = loud(['attach', `${url}?token=${TOKEN}`, 'main.ts'], project.root, { TETHER_TOKEN: TOKEN })
    for (const each of [wrong, nobody, misplaced]) {
      expect((await each.exited).code).not.toBe(0)
      expectNoSecret(each.text, each.text)
    }
    const thrown = await connect({ url, token: `${TOKEN}x` }).catch((error) => error)
    expect(thrown.code).toBe('ERR_UNAUTHORIZED')
    expectNoSecret(`${thrown.stack}${thrown.cause?.stack}${JSON.stringify(thrown)}`, 'an error')

    process.kill(worker.pid, 'SIGUSR2')
    expect((await worker.exited).code).toBe(1)
    process.kill(server.pid, 'SIGTERM')
    await server.exited
    expect(server.text).toMatch(/vite-tether:/)
    expectNoSecret(worker.text, worker.text)
    expectNoSecret(server.text, server.text)
  },
)

test('a token on the command line is refused unread', async () => {
  const worker = loud(['attach', `--token=${TOKEN}`, 'ws://127.0.0.1:1/', 'main.ts'], createProject({}).root, {})
  expect((await worker.exited).code).toBe(2)
  expectNoSecret(worker.text, worker.text)
})
