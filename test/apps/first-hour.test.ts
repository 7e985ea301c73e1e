import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { type Running, run } from '../support/child.ts'
import { createProject } from '../support/project.ts'
import { startVite } from '../support/vite-command.ts'

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))

/** A mistake of somebody's first hour, and what the first three lines that tell of it have to say. */
interface Mistake {
  name: string
  files?: Record<string, string>
  argv?: string[]
  /** A line that has to be there before the mistake is made. */
  after?: RegExp
  says: RegExp[]
  /** Vite itself says it in its own command, before it knows of us. */
  isOfTheCommand?: true
}

const HELPER = { 'src/helper.ts': 'export const help = () => {}' }

const MISTAKES: Mistake[] = [
  {
    name: 'a wrong path',
    argv: ['src/mian.ts'],
    isOfTheCommand: true,
    says: [/The entry '.*src\/mian\.ts' does not exist\./, /Did you mean 'main\.ts'\?/],
  },
  {
    name: 'a package that is not installed',
    files: { 'src/main.ts': "import express from 'express-missing'\nexpress()" },
    says: [
      /Cannot find package 'express-missing' imported from .*src\/main\.ts/,
      /npm install express-missing/,
      /main\.ts:1:/,
    ],
  },
  {
    name: 'a misspelt import',
    files: { 'src/main.ts': "import { help } from './helpr.js'\nhelp()", ...HELPER },
    says: [/Cannot find module '.*src\/helpr\.js' imported from '.*src\/main\.ts'/, /Did you mean 'helper\.ts'\?/],
  },
  {
    name: 'a misspelt export',
    files: { 'src/main.ts': "import { hlep } from './helper.js'\nhlep()", ...HELPER },
    says: [/'\/src\/helper\.ts' does not provide an export named 'hlep'/, /src\/main\.ts:1:10/, /import \{ hlep \}/],
  },
  {
    name: 'a port that another program has',
    files: {
      'src/main.ts': "import { createServer } from 'node:http'\ncreateServer().listen(Number(process.env.TAKEN))",
    },
    says: [
      /Port \d+ is taken by .*\. End that, or let the app listen elsewhere, and save a file\./,
      /EADDRINUSE/,
      /src\/main\.ts:2:16/,
    ],
  },
  {
    name: 'an error at top level',
    files: { 'src/main.ts': 'const a = JSON.parse("{}")\nconsole.log(a.b.c)' },
    says: [/TypeError: Cannot read properties of undefined/, /src\/main\.ts:2:17/],
  },
  {
    name: 'a promise that is rejected later',
    files: {
      'src/main.ts':
        "async function connect() {\n  await null\n  throw new Error('no database')\n}\nsetTimeout(connect, 300)\nsetInterval(() => {}, 1000)\nconsole.log('up')",
    },
    after: /^up$/m,
    says: [/Error: no database/, /src\/main\.ts:3:9/],
  },
  {
    name: 'an endless loop',
    files: { 'src/main.ts': "console.log('up')\nsetTimeout(() => { for (;;) {} }, 500)" },
    after: /ready in .*\n/,
    says: [/does not answer: it is busy or in an endless loop; a save of its code replaces it/],
  },
  {
    name: 'a wrong flag',
    argv: ['--wach', 'src/main.ts'],
    isOfTheCommand: true,
    says: [/Unknown flag '--wach'\. Did you mean '--watch'\?/],
  },
  {
    name: 'a config that throws',
    files: { 'src/main.ts': '', 'vite.config.ts': 'export default { plugins: [missing()] }' },
    isOfTheCommand: true,
    says: [/failed to load config from .*vite\.config\.ts/, /ReferenceError: missing is not defined/],
  },
  {
    name: 'a config with a syntax error',
    files: { 'src/main.ts': '', 'vite.config.ts': 'export default {\n  plugins: [\n}\n' },
    isOfTheCommand: true,
    says: [/failed to load config from .*vite\.config\.ts/, /Unexpected token/, /vite\.config\.ts:3:1/],
  },
  {
    name: 'a config whose plugin is not installed',
    files: { 'src/main.ts': '', 'vite.config.js': "const it = '@vite/plugin-x'\nawait import(it)" },
    isOfTheCommand: true,
    says: [
      /Cannot find package '@vite\/plugin-x' imported from .*\/vite\.config\.js\. Install it: npm install -D @vite\/plugin-x/,
    ],
  },
  {
    name: 'a tsconfig.json that is no JSON',
    files: { 'src/main.ts': '', 'tsconfig.json': '{\n  "compilerOptions": {' },
    says: [/Vite cannot read .*tsconfig\.json:2:22: EOF while parsing an object\. Correct the JSON there/],
  },
  {
    name: 'a tsconfig.json that extends a package which is not installed',
    files: { 'src/main.ts': '', 'tsconfig.json': '{ "extends": "@tsconfig/node99/tsconfig.json" }' },
    says: [
      /Cannot find @tsconfig\/node99\/tsconfig\.json, which a tsconfig\.json extends or refers to\. Correct its "extends"/,
    ],
  },
  {
    name: 'a tsconfig.json that extends a file which is not there',
    files: { 'src/main.ts': '', 'tsconfig.json': '{ "extends": "./base.json" }' },
    says: [/Cannot find .*\/base\.json, which a tsconfig\.json extends or refers to\. Correct its "extends"/],
  },
  {
    name: 'a syntax error in JavaScript',
    files: { 'src/main.ts': "import './code.js'", 'src/code.js': 'const a = 1\nconst b = {\nconsole.log(a)\n' },
    says: [/Expected `,` or `}` but found `\.`/, /src\/code\.js:3:7/],
  },
  {
    name: 'a variable of .env that nothing has loaded',
    files: {
      'src/main.ts': "if (!process.env.DATABASE_URL) throw new Error('DATABASE_URL is not set')",
      '.env': 'DATABASE_URL=postgres://localhost',
    },
    says: [
      /\.env sets DATABASE_URL, but nothing has loaded it into process\.env\. Give node the flag --env-file=\.env/,
      /DATABASE_URL is not set/,
      /src\/main\.ts:1:/,
    ],
  },
]

/** Waits until all is said, and compares the first three lines that say something of it. */
async function firstLinesSay({ after, says }: Mistake, running: Running): Promise<void> {
  if (after) await running.match(after)
  for (const pattern of says) await running.match(pattern)
  const told = running.text.slice(after?.exec(running.text)?.index ?? 0).split('\n')
  const isOfStart = /\] ready in|^up$|^\s+(?:VITE v|\u279c)/
  const lines = told.filter((line) => line.trim() !== '' && !isOfStart.test(line))
  for (const pattern of says) expect(lines.slice(0, 3).join('\n')).toMatch(pattern)
}

/** A port that this process has. */
function takenPort(): number {
  const taken = createServer().listen(0)
  onTestFinished(() => void taken.close())
  return (taken.address() as { port: number }).port
}

test.each(MISTAKES)('$name: the first lines name the file, the place and the way out', async (mistake) => {
  const { files = { 'src/main.ts': '' }, argv = ['src/main.ts'] } = mistake
  const project = createProject({ 'package.json': '{ "type": "module" }', ...files })
  const running = run(process.execPath, [cli, ...argv], {
    cwd: project.root,
    env: { ...process.env, TAKEN: String(takenPort()) },
  })
  onTestFinished(() => running.end())
  await firstLinesSay(mistake, running)
})

test.each(MISTAKES.filter(({ isOfTheCommand }) => !isOfTheCommand))(
  '$name: the same under vite dev',
  async (mistake) => {
    const { app } = startVite({
      'vite.config.js': `import { tether } from 'vite-tether'
      export default { plugins: [tether({ entry: 'src/main.ts', env: { TAKEN: '${takenPort()}' } })] }`,
      ...mistake.files,
    })
    await firstLinesSay(mistake, app)
  },
)

test('a deleted entry: the app goes on, and the first lines name the file', async () => {
  const project = createProject({
    'package.json': '{ "type": "module" }',
    'src/main.ts': "console.log('up')\nsetInterval(() => {}, 1000)",
  })
  const running = run(process.execPath, [cli, 'src/main.ts'], { cwd: project.root })
  onTestFinished(() => running.end())
  await running.match(/ready in/)
  const from = running.text.length
  project.remove('src/main.ts')
  await running.match(/Cannot find module '.*src\/main\.ts'\. Does the file exist\?/, from)
  await running.match(/The app still runs the code from before; the next good save applies/, from)
})
