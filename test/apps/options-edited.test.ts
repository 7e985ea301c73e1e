/** The options of an app are edited in the Vite config while it runs: the app is started again with them, at once. */
import { expect, test } from 'vitest'
import { startVite } from '../support/vite-command.ts'

const MAIN = `
  const { argv, execArgv, env } = process
  const [args, flags] = [argv.slice(2), execArgv.filter((flag) => flag === '--expose-gc')]
  console.log('runs ' + JSON.stringify({ args, flags, a: env.A, folder: process.cwd().split('/').at(-1) }))
  setInterval(() => {}, 1e9)`

const config = (options: string) => `import { tether } from 'vite-tether'
  export default { plugins: [tether({ entry: 'main.ts', ${options} })] }`

const EDITS: [name: string, before: string, after: string, expected: RegExp][] = [
  ['args', `args: ['one']`, `args: ['two', 'three']`, /"args":\["two","three"\]/],
  ['execArgv', '', `execArgv: ['--expose-gc']`, /"flags":\["--expose-gc"\]/],
  ['env', `env: { A: 'one' }`, `env: { A: 'two' }`, /"a":"two"/],
  ['cwd', '', `cwd: 'elsewhere'`, /"folder":"elsewhere"/],
]

test.each(EDITS.flatMap((row) => [true, false].map((standby) => [...row, standby] as const)))(
  '%s: [%s] becomes [%s]',
  async (_name, before, after, expected, standby) => {
    const { project, app } = startVite({
      'main.ts': MAIN,
      'elsewhere/empty': '',
      'vite.config.ts': config(`standby: ${standby}, ${before}`),
    })
    await app.match(/^runs /m)
    const count = (pattern: RegExp) => app.text.match(pattern)?.length ?? 0
    project.write('vite.config.ts', config(`standby: ${standby}, ${after}`))
    await app.match(/\] restarted: its options changed in the config/)
    await app.match(expected)
    expect(count(/^runs /gm)).toBe(2)
    // the same options in other words are no change
    project.write('vite.config.ts', `// a comment\n${config(`standby: ${standby}, ${after}`)}`)
    await expect.poll(() => count(/server restarted/g), { timeout: 20_000 }).toBe(2)
    project.write('main.ts', `${MAIN}\nconsole.log('saved')`)
    await app.match(/^saved/m)
    expect(count(/^runs /gm)).toBe(3)
  },
)
