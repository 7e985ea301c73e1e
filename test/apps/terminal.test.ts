/** The command at a real terminal, with the job control of a shell. `test/integration/cli/cli.test.ts` has the keys and Ctrl+C. */
import { execFileSync, spawnSync } from 'node:child_process'
import { readlinkSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { processState, until } from '../support/child.ts'
import { createProject } from '../support/project.ts'
import { CTRL_C, CTRL_Z, hasTerminal, openTerminal, type Terminal } from '../support/terminal.ts'

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))
const hasShell = hasTerminal && spawnSync('bash', ['--version']).status === 0
if (!hasShell) console.warn('skipped: the terminal tests need bash, and script of util-linux')

/** Types `line` at the prompt of a shell in a folder with `files`. */
async function startInShell(files: Record<string, string>, line: string): Promise<Terminal> {
  const { root } = createProject(files)
  const terminal = openTerminal(['bash', '--norc', '--noprofile', '-i'], root, { PS1: '$ ', NO_COLOR: '1' })
  onTestFinished(() => terminal.end())
  await terminal.match(/\$ $/)
  terminal.type(`${line}\n`)
  return terminal
}

const count = (terminal: Terminal, pattern: RegExp) => terminal.text.match(pattern)?.length ?? 0

test.skipIf(!hasShell)('the app knows the size of the terminal, and hears once that it has changed', async () => {
  const terminal = await startInShell(
    {
      'app.ts': `process.on('SIGWINCH', () => console.log('winch ' + process.stdout.columns))
        process.on('SIGUSR2', () => console.log('flushed'))
        setInterval(() => {}, 1e9)
        console.log('up ' + process.pid)`,
    },
    `node ${cli} app.ts`,
  )
  const pid = Number((await terminal.match(/^up (\d+)/m))[1])
  for (const columns of [100, 90]) {
    execFileSync('stty', ['-F', readlinkSync(`/proc/${pid}/fd/1`), 'columns', String(columns)])
    await terminal.match(new RegExp(`winch ${columns}`))
  }
  process.kill(pid, 'SIGUSR2')
  await terminal.match(/flushed/)
  expect(count(terminal, /winch/g)).toBe(2)
})

test.skipIf(!hasShell)(
  'Ctrl+Z stops the command and the app, fg continues both, and Ctrl+C then ends them once',
  async () => {
    const terminal = await startInShell(
      {
        'app.ts': `import { createServer } from 'node:http'
        process.on('SIGCONT', () => console.log('continued'))
        process.on('SIGINT', () => { console.log('interrupted'); setTimeout(() => process.exit(7), 50) })
        const server = createServer((_, response) => response.end('answer')).listen(0, '127.0.0.1', () => {
          console.log('up ' + process.pid + ' ' + (server.address() as { port: number }).port)
        })`,
      },
      `node ${cli} app.ts`,
    )
    const [, pid, port] = await terminal.match(/^up (\d+) (\d+)/m)
    for (const times of [1, 2]) {
      const before = terminal.text.length
      terminal.type(CTRL_Z)
      await terminal.match(/Stopped .*\s+\$ $/, before)
      await until(() => processState(Number(pid)) === 'T', 'the app to be stopped')
      terminal.type('fg\n')
      await terminal.match(/continued/, before)
      expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe('answer')
      expect(count(terminal, /continued/g)).toBe(times)
    }
    const before = terminal.text.length
    terminal.type(CTRL_C)
    await terminal.match(/\$ $/, before)
    terminal.type('echo "code $?"\n')
    await terminal.match(/^code 7/m)
    expect(count(terminal, /interrupted/g)).toBe(1)
  },
)

test.skipIf(!hasShell)(
  'with --stdin the app asks, reads keys without enter, and Ctrl+C still reaches it once',
  async () => {
    const terminal = await startInShell(
      {
        'app.ts': `import { createInterface } from 'node:readline/promises'
        import { once } from 'node:events'
        process.on('SIGINT', () => { console.log('interrupted'); setTimeout(() => process.exit(0), 50) })
        const terminal = createInterface(process.stdin, process.stdout)
        console.log('hello ' + await terminal.question('name? '))
        terminal.close()
        process.stdin.setRawMode(true).resume()
        console.log('press a key')
        const [key] = await once(process.stdin, 'data')
        process.stdin.setRawMode(false)
        console.log('key ' + key)
        setInterval(() => {}, 1e9)
        export {}`,
      },
      `node ${cli} --stdin app.ts`,
    )
    await terminal.match(/^name\? /m)
    terminal.type('Ada\n')
    await terminal.match(/^hello Ada/m)
    await terminal.match(/^press a key/m)
    terminal.type('r')
    await terminal.match(/^key r/m)
    terminal.type(CTRL_C)
    await terminal.match(/interrupted\s+\$ $/)
    expect(count(terminal, /interrupted/g)).toBe(1)
  },
)

test.skipIf(!hasShell)('npm sends Ctrl+C on that the terminal has sent to all: the app hears one', async () => {
  const terminal = await startInShell(
    {
      'package.json': JSON.stringify({ scripts: { dev: `node ${cli} app.ts` } }),
      'app.ts': `process.on('SIGINT', () => { console.log('interrupted'); setTimeout(() => process.exit(0), 300) })
        setInterval(() => {}, 1e9)
        console.log('up ' + process.pid)`,
    },
    'npm run dev',
  )
  const pid = Number((await terminal.match(/^up (\d+)/m))[1])
  const before = terminal.text.length
  terminal.type(CTRL_C)
  await terminal.match(/\$ $/, before)
  expect(count(terminal, /interrupted/g)).toBe(1)
  expect(processState(pid)).toBeUndefined()
})
