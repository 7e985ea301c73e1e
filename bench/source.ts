/** The text of a generated app. Each module is about 56 lines of ordinary TypeScript; its value depends on all it imports. */
import { posix } from 'node:path'
import type { Graph } from './graph.ts'

/** Values stay below this prime, so that no sum of changes cancels out. */
export const MODULO = 1_000_003

/** Where a module lies in `src`. */
export function fileOf({ folders }: Graph, module: number): string {
  return module === 0 ? 'routes.ts' : posix.join(folders[module]!, `m${module}.ts`)
}

/** A module that adds `own` to the values of what it imports. */
export function moduleCode(graph: Graph, module: number, own: number): string {
  const here = posix.dirname(fileOf(graph, module))
  const specifier = (to: number): string => {
    const path = posix.relative(here, fileOf(graph, to))
    return path.startsWith('.') ? path : `./${path}`
  }
  const imports = graph.imports[module]!
  const name = `M${module}`
  return `${imports.map((to) => `import { v${to} } from '${specifier(to)}'\n`).join('')}
// what the benchmark counts: evaluations in this process
const counter = globalThis as { evaluated?: number }
counter.evaluated = (counter.evaluated ?? 0) + 1

export interface ${name}Row {
  id: number
  name: string
  tags: readonly string[]
  state: 'new' | 'open' | 'closed'
}

export class ${name}Error extends Error {
  readonly row: ${name}Row | undefined

  constructor(message: string, row?: ${name}Row) {
    super(message)
    this.name = '${name}Error'
    this.row = row
  }
}

const rows = new Map<number, ${name}Row>()

export function find${module}(id: number): ${name}Row {
  const row = rows.get(id)
  if (!row) throw new ${name}Error(\`no row \${id} in ${name}\`)
  return row
}

export function insert${module}(name: string, ...tags: string[]): ${name}Row {
  const row: ${name}Row = { id: rows.size + 1, name: name.trim(), tags, state: 'new' }
  rows.set(row.id, row)
  return row
}

export async function close${module}(id: number): Promise<${name}Row> {
  const row = find${module}(id)
  if (row.state === 'closed') throw new ${name}Error('closed twice', row)
  await Promise.resolve()
  row.state = 'closed'
  return row
}

export function* search${module}(text: string): Generator<${name}Row> {
  for (const row of rows.values()) {
    if (row.name.includes(text) || row.tags.some((tag) => tag === text)) yield row
  }
}

export const summary${module} = (): Record<string, number> =>
  Object.groupBy ? { all: rows.size } : { all: rows.size, closed: [...rows.values()].filter((row) => row.state === 'closed').length }

export const v${module}: number = (${[own, ...imports.map((to) => `v${to}`)].join(' + ')}) % ${MODULO}
`
}

/** A module that only the entry imports, and that nobody accepts. */
export const settingsCode = (own: number): string => `export const settings: number = ${own}\n`

/** The work that a process has done and is not to lose. */
export const STATE = `export const boot: string = \`\${process.pid}-\${Math.random()}\`
let hits = 0
export const hit = (): number => ++hits
`

/** Holds the listener in the process, for tools that evaluate the entry again in it, and answers `/memory`. */
export const LISTEN = `
type Handler = (url: string) => unknown
const held = globalThis as { evaluated?: number; server?: unknown; handler?: Handler }

function memory(): unknown {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  for (let each = 0; each < 4; each++) gc()
  return { ...process.memoryUsage(), pid: process.pid, boot, cpu: process.cpuUsage() }
}
`

export const IMPORTS = `import { createServer } from 'node:http'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { settings } from './settings.ts'
import { boot, hit } from './state.ts'
`

const ANSWER = `{ value, settings, boot, hits: hit(), pid: process.pid, evaluated: held.evaluated ?? 0 }`

const SERVE = `
if (!held.server) {
  held.server = createServer(async (request, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(await held.handler!(request.url!)))
  }).listen(Number(process.env.PORT), '127.0.0.1')
}
`

/** The entries of one app: who accepts the routes is what differs. */
export const ENTRIES = {
  /** Vite's API. */
  'entry.ts': `${IMPORTS}import { v0 } from './routes.ts'
${LISTEN}
let value = v0
held.handler = (url) => (url === '/memory' ? memory() : ${ANSWER})
${SERVE}
if (import.meta.hot) {
  import.meta.hot.accept('./routes.ts', (next) => {
    if (next) value = next.v0
  })
}
`,
  /** No API at all. */
  'entry-plain.ts': `${IMPORTS}import { v0 as value } from './routes.ts'
${LISTEN}
held.handler = (url) => (url === '/memory' ? memory() : ${ANSWER})
${SERVE}`,
  /** hot-hook: what may be replaced is imported anew for each request. */
  'entry-hot-hook.ts': `${IMPORTS}${LISTEN}
const routes = () => import('./routes.ts', import.meta.hot?.boundary)
held.handler = async (url) => {
  const { v0: value } = await routes()
  return url === '/memory' ? memory() : ${ANSWER}
}
await routes()
${SERVE}`,
  /** env-runner: somebody else listens. */
  'entry-fetch.ts': `${IMPORTS}import { v0 as value } from './routes.ts'
${LISTEN}
held.handler = (url) => (url === '/memory' ? memory() : ${ANSWER})
export default { fetch: async (request: Request) => Response.json(await held.handler!(new URL(request.url).pathname)) }
`,
}

/** The entry that the generated app of a tool is started with. */
export type Entry = keyof typeof ENTRIES
