import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { expect, test } from 'vitest'
import { parseFlags } from '../../src/cli/flags.ts'
import { ERROR_CODES } from '../../src/shared/errors.ts'
import { createProject } from '../support/project.ts'

const root = join(import.meta.dirname, '../..')
const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join('docs', file)),
].sort()
const read = (page: string) => readFileSync(join(root, page), 'utf8')

/** Code blocks of a language, each with where it stands. */
function blocksOf(page: string, language: string): { where: string; code: string }[] {
  const fence = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm')
  const text = read(page)
  return Array.from(text.matchAll(fence), ({ 1: code, index }) => ({
    where: `${page}:${text.slice(0, index).split('\n').length}`,
    code: code!,
  }))
}

test('every error code has a section in the troubleshooting page, and there is none for another', () => {
  const sections = Array.from(read('docs/troubleshooting.md').matchAll(/^## (ERR_\w+)$/gm), ([, code]) => code)
  expect(sections).toEqual(Object.keys(ERROR_CODES).sort())
})

test('links of the pages lead to files and sections that exist', () => {
  const broken = pages.flatMap((page) =>
    Array.from(read(page).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)]+))?\)/g), ([link, path, section]) => {
      const target = path === '' ? join(root, page) : join(root, dirname(page), path!)
      if (!existsSync(target)) return `${page}: ${link}`
      return section && !anchorsOf(target).has(section) ? `${page}: ${link}` : ''
    }).filter(Boolean),
  )
  expect(broken).toEqual([])
})

/** The anchors that GitHub makes of the headings of a page, and those that stand in it. */
function anchorsOf(file: string): Set<string> {
  const text = readFileSync(file, 'utf8')
  const headings = Array.from(text.matchAll(/^#+ (.*)$/gm), ([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  )
  return new Set([...headings, ...Array.from(text.matchAll(/<a id="([^"]+)">/g), ([, id]) => id!)])
}

test('commands of the pages have flags that exist', () => {
  const commands = pages
    .flatMap((page) => ['sh', 'diff', 'json'].flatMap((language) => blocksOf(page, language)))
    .flatMap(({ where, code }) =>
      Array.from(code.matchAll(/^(?!-).*?(?:npx |": "|\b)vite-tether ((?!attach)[^"\n#]*)/gm), ([, args]) => ({
        where,
        args: args!.trim(),
      })),
    )
  expect(commands.length).toBeGreaterThan(8)
  for (const { where, args } of commands) {
    if (args === 'vite' || args.startsWith('[')) continue
    expect(() => parseFlags(args.split(/\s+/)), `${where}: vite-tether ${args}`).not.toThrow()
  }
})

const ENTRY_POINTS = [
  ['vite-tether', 'src/index.ts'],
  ['vite-tether/client', 'src/client.ts'],
  ['vite-tether/hmr', 'src/hmr.ts'],
  ['vite-tether/keep', 'src/keep.ts'],
] as const

/** Files and packages that snippets import and that are their readers'. */
const SURROUNDINGS = {
  'app.ts': `import express from 'express'\nexport const app = express()`,
  'app.module.ts': 'export class AppModule {}',
  'orders.ts': `import { Hono } from 'hono'\nexport const orders = new Hono()`,
  'routes.ts': 'export async function routes(): Promise<void> {}\nexport const handlers = {}',
  'prices.ts': 'export function refreshPrices(): void {}',
  'talk.ts': `import type { WebSocket } from 'ws'\nexport function talk(socket: WebSocket): void { socket.close() }`,
  'handle.ts': 'export async function handle(_job: object): Promise<void> {}',
  'queue.ts': 'export async function takeJob(): Promise<object | undefined> { return undefined }',
  'around.d.ts': `
    declare module 'pg' { export class Pool { constructor(options: object); end(): Promise<void> } }
    declare let handlers: object
    // what the README takes as given
    declare const app: import('express').Express & { fetch: never }
    declare const server: import('vite').ViteDevServer
    declare const port: number
    declare const connectionString: string
    declare const listen: typeof import('vite-tether/keep').listen
    declare const getRequestListener: typeof import('@hono/node-server').getRequestListener
    declare class Pool { constructor(options: object); end(): Promise<void> }
  `,
}

test('TypeScript of the pages compiles', { timeout: 300_000 }, () => {
  // those of recipes.md are compiled where their packages are: test/frameworks
  const blocks = pages.filter((page) => page !== 'docs/recipes.md').flatMap((page) => blocksOf(page, 'ts'))
  expect(blocks.length).toBeGreaterThan(15)
  const project = createProject({ 'package.json': '{ "type": "module" }', ...SURROUNDINGS })
  symlinkSync(join(root, 'node_modules'), project.path('node_modules'), 'junction')
  blocks.forEach(({ where, code }, index) => {
    // a module each, on lines of the page
    project.write(`${name(where, index)}.ts`, `${code}\nexport {}\n`)
  })
  project.write(
    'tsconfig.json',
    JSON.stringify({
      compilerOptions: {
        ...{ target: 'es2023', module: 'esnext', moduleResolution: 'bundler', strict: true, noEmit: true },
        ...{ skipLibCheck: true, allowImportingTsExtensions: true, experimentalDecorators: true },
        types: ['node', 'vite-tether/types'],
        // the sources, so that it does not matter what was built when
        paths: Object.fromEntries(ENTRY_POINTS.map(([name, file]) => [name, [join(root, file)]])),
      },
    }),
  )
  let output = ''
  try {
    execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '--pretty', 'false'], {
      cwd: project.root,
      encoding: 'utf8',
    })
  } catch (error) {
    output = (error as { stdout: string }).stdout
  }
  expect(output).toBe('')
})

function name(where: string, index: number): string {
  return `${relative('docs', where).replace(/[^\w]+/g, '_')}_${index}`
}
