/** The compared tools: how each is started, and what it cannot do. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Compile } from './app.ts'
import { bundleOnce, toJavaScript } from './build.ts'
import { child, command, ROOT } from './paths.ts'
import type { Command } from './processes.ts'
import type { Entry } from './source.ts'

/**
 * The things that can be measured: a start, edits, a restart that is asked for, one soon after another, a start with what the first one
 * has left, and a save at its first answer.
 */
export const CASES = ['cold', 'leaf', 'mid', 'shared', 'unaccepted', 'restart', 'soon', 'again', 'first'] as const
export type Case = (typeof CASES)[number]
/** Those of the comparison of all tools. */
export const USUAL = CASES.filter((name) => !['soon', 'again', 'first'].includes(name))

/** A tool of the comparison. */
export interface Tool {
  /** As `--tools` names it. */
  name: string
  /** As tables name it. */
  title: string
  entry: Entry
  /** Why it cannot do a case. */
  not: Partial<Record<Case, string>>
  /** The file that is run in place of the TypeScript. */
  compile?: Compile
  /** Builds before the clock starts; resolves with what is run in place of the entry. */
  prepare?(root: string, entry: string): Promise<string>
  /** So many starts beside the first leave something before the next one uses it: they are not counted. */
  uncounted?: number
  /** Its app process connects to it on LINK_VIA, so that a proxy can stand in between. */
  hasLink?: boolean
  /** How it is started, in the app's folder. */
  command(entry: string): Command
  /** How a script is run to its end. */
  script?(entry: string): Command
}

const NO_RESTART = 'a save is its restart'
const BUILT = 'n/a: built ahead'
const ONLY_COLD = {
  leaf: BUILT,
  mid: BUILT,
  shared: BUILT,
  unaccepted: BUILT,
  restart: BUILT,
  soon: BUILT,
  first: BUILT,
}
const tsx = (): string => command('tsx', 'dist/loader.mjs')

/** Reads a file, transforms each module, and has a virtual one. */
const CONFIG = `import { readFileSync } from 'node:fs'
const { name } = JSON.parse(readFileSync(import.meta.dirname + '/package.json', 'utf8'))
export default {
  plugins: [
    { name: 'marks', transform: (code, id) => (id.endsWith('.ts') ? { code: code + '\\n;void ' + JSON.stringify(name), map: null } : null) },
    { name: 'virtual', resolveId: (id) => (id === 'virtual:x' ? '\\0virtual:x' : null), load: (id) => (id === '\\0virtual:x' ? 'export {}' : null) },
  ],
}
`

/** All tools, in the order of the tables. */
export const TOOLS: readonly Tool[] = [
  {
    name: 'tether',
    title: 'vite-tether',
    entry: 'entry.ts',
    not: { restart: 'see its API' },
    command: (entry) => ({ args: [`${ROOT}/bin/vite-tether.js`, entry] }),
    script: (entry) => ({ args: [`${ROOT}/bin/vite-tether.js`, '--once', entry] }),
  },
  {
    name: 'tether-plugins',
    title: 'vite-tether, a config with two plugins',
    entry: 'entry.ts',
    not: { restart: 'see its API' },
    // two servers must agree on what plugins make
    uncounted: 1,
    prepare: async (root, entry) => {
      writeFileSync(join(root, 'vite.config.ts'), CONFIG)
      return entry
    },
    command: (entry) => ({ args: [`${ROOT}/bin/vite-tether.js`, entry] }),
  },
  {
    name: 'tether-api',
    title: 'vite-tether, its API',
    entry: 'entry.ts',
    not: {},
    command: (entry) => ({ args: [child('tether'), entry], hasControl: true }),
  },
  {
    name: 'tether-attached',
    title: 'vite-tether, attached over TCP',
    entry: 'entry.ts',
    not: {},
    hasLink: true,
    command: (entry) => ({ args: [child('tether-attached'), entry], hasControl: true }),
  },
  {
    name: 'runner',
    title: 'ModuleRunner in process',
    entry: 'entry.ts',
    not: { restart: 'the app has no process of its own' },
    command: (entry) => ({ args: [child('runner'), entry] }),
  },
  {
    name: 'runner-ws',
    title: 'ModuleRunner over ws',
    entry: 'entry.ts',
    not: {},
    hasLink: true,
    command: (entry) => ({ args: [child('runner-ws'), entry], hasControl: true }),
  },
  {
    name: 'vite-node',
    title: 'vite-node --watch',
    // with Vite's API in the entry it drops the updates
    entry: 'entry-plain.ts',
    not: { restart: 'the app has no process of its own' },
    command: (entry) => ({ args: [command('vite-node', 'dist/cli.mjs'), '--watch', entry] }),
  },
  {
    name: 'env-runner',
    title: 'env-runner, with tsx',
    entry: 'entry-fetch.ts',
    not: { restart: NO_RESTART },
    command: (entry) => ({ args: [child('env-runner'), entry] }),
  },
  {
    name: 'hot-hook',
    title: 'hot-hook, with tsx',
    entry: 'entry-hot-hook.ts',
    not: { restart: NO_RESTART },
    command: (entry) => ({ args: [child('hot-hook'), entry] }),
  },
  {
    name: 'tsx',
    title: 'tsx watch',
    entry: 'entry-plain.ts',
    not: { restart: NO_RESTART },
    command: (entry) => ({ args: [command('tsx', 'dist/cli.mjs'), 'watch', '--clear-screen=false', entry] }),
    script: (entry) => ({ args: [command('tsx', 'dist/cli.mjs'), entry] }),
  },
  {
    name: 'nodemon',
    title: 'nodemon, with tsx',
    entry: 'entry-plain.ts',
    not: { restart: NO_RESTART },
    command: (entry) => ({
      args: [
        command('nodemon', 'bin/nodemon.js'),
        '--watch',
        'src',
        '--ext',
        'ts',
        '--exec',
        `node --import ${tsx()} ${entry}`,
      ],
    }),
  },
  {
    name: 'node-watch',
    title: 'node --watch, on JavaScript',
    entry: 'entry-plain.ts',
    not: { restart: NO_RESTART },
    compile: toJavaScript,
    command: (entry) => ({ args: ['--watch', entry.replace(/ts$/, 'js')] }),
  },
  {
    name: 'esbuild',
    title: 'esbuild bundle + respawn',
    entry: 'entry-plain.ts',
    not: { restart: NO_RESTART },
    command: (entry) => ({ args: [child('esbuild'), entry] }),
  },
  {
    name: 'plain',
    title: 'plain node, built unbundled',
    entry: 'entry-plain.ts',
    not: ONLY_COLD,
    compile: toJavaScript,
    command: (entry) => ({ args: [entry.replace(/ts$/, 'js')] }),
    script: (entry) => ({ args: [entry] }),
  },
  {
    name: 'bundle',
    title: 'plain node, one bundle',
    entry: 'entry-plain.ts',
    not: ONLY_COLD,
    prepare: bundleOnce,
    command: (entry) => ({ args: [entry] }),
  },
]
