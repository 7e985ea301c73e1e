/** Who is compared: how each tool is started, and what it cannot do. */
import type { Compile } from './app.ts'
import { child, command, ROOT } from './paths.ts'
import type { Command } from './processes.ts'
import type { Entry } from './source.ts'

/** What can be measured. */
export type Case = 'cold' | 'leaf' | 'mid' | 'shared' | 'unaccepted' | 'restart'

/** A tool of the comparison. */
export interface Tool {
  /** As `--tools` names it. */
  name: string
  /** As tables name it. */
  title: string
  entry: Entry
  /** Why it cannot do a case. */
  not: Partial<Record<Case, string>>
  /** What is run in place of the TypeScript. */
  compile?: Compile
  /** How it is started, in the app's folder. */
  command(entry: string): Command
}

const NO_RESTART = 'a save that nobody accepts is its restart'

/** All tools, in the order of the tables. */
export const TOOLS: readonly Tool[] = [
  {
    name: 'tether',
    title: 'vite-tether',
    entry: 'entry.ts',
    not: { restart: 'measured through the API: tether-api' },
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
    name: 'runner',
    title: 'ModuleRunner in process',
    entry: 'entry.ts',
    not: { restart: 'the app has no process of its own' },
    command: (entry) => ({ args: [child('runner'), entry] }),
  },
  {
    name: 'tsx',
    title: 'tsx watch',
    entry: 'entry-plain.ts',
    not: { restart: NO_RESTART },
    command: (entry) => ({ args: [command('tsx', 'dist/cli.mjs'), 'watch', '--clear-screen=false', entry] }),
  },
]
