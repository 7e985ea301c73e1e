/** Drives a random graph in process: edits it, lets Vite know, and compares what runs with what a fresh process would run. */
import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer, type Plugin, type ViteDevServer } from 'vite'
import { ViteNodeRunner } from 'vite-node/client'
import { ViteNodeServer } from 'vite-node/server'
import { configureEngine, type Engine, getEngine } from '../../src/client/hmr/engine.ts'
import { createHotContext, handleMessage, viteNodeHmrPlugin } from '../../src/hmr.ts'
import type { Applied } from '../../src/shared/types.ts'
import { seeded } from './flaky.ts'
import { type Fresh, FreshNode } from './random-fresh.ts'
import {
  type FileChange,
  filesOf,
  isIsolated,
  mendAll,
  type RandomEdit,
  type RandomModule,
  randomEdit,
  randomModules,
  reachedFrom,
} from './random-modules.ts'
import { edgesOf, isLife, type Life, type Namespace, title, World } from './random-world.ts'

/** Milliseconds that an `import()` may take, and that a change may take to arrive. */
const PATIENCE = 3_000

/** Milliseconds within which a file that has changed, and then is there anew, is reported once more: see `late-saves`. */
const LATE = 100

interface App {
  root: string
  server: ViteDevServer
  runner: ViteNodeRunner
  engine: Engine
  logs: string[]
  reports: Applied[]
  /** Tells Vite of a change, as its watcher would. */
  tell(change: FileChange): void
  /** Resolves when everything told so far has been applied, and every `import()` has ended. */
  quiet(): Promise<void>
  close(): Promise<void>
}

/** One seed: a graph, `count` edits in bursts. Throws what was wrong; `isVerbose`: and all that led there. */
export async function runSeed(seed: number, count: number, isVerbose: boolean): Promise<void> {
  const random = seeded(seed)
  const modules = randomModules(random)
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'tether-random-')))
  const world = new World()
  const fresh = new FreshNode(folder)
  Object.assign(globalThis, { world })
  const history: string[] = Object.entries(filesOf(modules)).map(([file, code]) => `--- ${file}\n${code}`)
  const app = await startApp(join(folder, 'app'), filesOf(modules), modules[0]!.file)
  try {
    await app.quiet()
    let kept = await check()
    for (let done = 0; done < count; ) {
      const reported = app.reports.length
      const size = random.pick({ 1: 5, 2: 2, 4: 1 })
      const steady = new Set(reachedFrom(modules[0]!))
      const files: string[] = []
      const edges = edgesIn(modules)
      const note = ({ what, changes }: RandomEdit): void => {
        history.push(`${what}: ${changes.map(({ event, file }) => `${event} ${file}`).join(', ')}`)
        for (const { file, content } of changes) if (content !== undefined) history.push(`--- ${file}\n${content}`)
      }
      for (let n = 0; n < Number(size); n++, done++) {
        const edit = random.chance(0.15) ? mendAll(modules) : randomEdit(random, modules)
        note(edit)
        edges.push(...edgesIn(modules))
        files.push(...edit.changes.map(({ file }) => file))
        const reached = new Set(reachedFrom(modules[0]!))
        for (const module of steady) if (!reached.has(module)) steady.delete(module)
        for (const change of edit.changes) app.tell(change)
        for (let turns = random.pick({ 0: 3, 1: 1, 5: 1, 20: 1 }) as unknown as number; turns > 0; turns--) {
          await new Promise((resolve) => setImmediate(resolve))
        }
      }
      await app.quiet()
      history.push(`=> ${app.reports.slice(reported).map(({ outcome }) => outcome)}`)
      const inPlace = app.reports
        .slice(reported)
        .every(({ outcome }) => outcome === 'updated' || outcome === 'unaffected')
      const now = await check()
      if (kept && now && inPlace) {
        const above = upwards(edges, files)
        for (const module of steady) {
          const [old, fresh] = [kept.get(module.name), now.get(module.name)]
          if (old === fresh || above.has(module.name)) continue
          throw new Error(`${title(old!)} was unchanged and in use, and was made anew: ${title(fresh!)}`)
        }
      }
      kept = now
    }
  } catch (cause) {
    const said = isVerbose ? `\n${[...history, ...app.logs.slice(-30)].join('\n')}` : ''
    throw new Error(`${(cause as Error).message}${said}`, { cause })
  } finally {
    await app.close()
    fresh.close()
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }

  /** Throws for what is wrong now. Returns the live instances if a fresh process could run these files. */
  async function check(): Promise<Map<string, Life> | undefined> {
    const isBad = modules.some(({ state }) => state !== 'good')
    const found = await fresh.evaluate(filesOf(modules), modules[0]!.file)
    const expected = typeof found === 'string' ? undefined : found
    if (found === 'fails' && !isBad) throw new Error('Plain Node cannot run these files: the graph is at fault.')
    if (world.wrongs.length > 0) throw new Error(world.wrongs.join('\n'))
    let wrong: string | undefined
    for (let attempt = 0; attempt < 20; attempt++) {
      for (const life of live().values()) if (expected) await world.request(life)
      wrong = expected ? compare(expected) : compareAlive()
      if (!wrong) break
      await app.quiet()
    }
    if (wrong) throw new Error(wrong)
    return expected && live()
  }

  function live(): Map<string, Life> {
    const lives = new Map<string, Life>()
    for (const id of app.engine.runtime.ids()) {
      const life = (app.runner.moduleCache.getByModuleId(id).exports as Namespace | undefined)?.it
      if (isLife(life)) lives.set(life.name, life)
    }
    return lives
  }

  function compareAlive(): string | undefined {
    for (const life of live().values()) {
      // its previous code could not run again, which was said: it stays until the next update
      const isLeft = app.logs.some((line) => line.includes(`evaluating the previous code of /${life.name}`))
      if (life.disposed > 0 && !isLeft) return `${title(life)} is live and was disposed`
      if (life.pruned > 0) return `${title(life)} is live and was pruned`
    }
    return undefined
  }

  function compare(expected: Exclude<Fresh, string>): string | undefined {
    const lives = live()
    const names = Object.keys(expected).sort()
    const now = [...lives.keys()].sort()
    if (String(names) !== String(now)) return `live are ${now}; a fresh process has ${names}`
    for (const [name, life] of lives) {
      const { value, sees } = expected[name]!
      if (life.value !== value) return `${title(life)} is live; a fresh process has the value ${value}`
      const module = modules.find((each) => each.name === name)!
      const edges = edgesOf(life)
      const seen = edges.map(([to]) => to).sort()
      if (String(seen) !== String(Object.keys(sees).sort())) return `${title(life)} imports ${seen}`
      for (const [to, read] of edges) {
        const edge = module.edges.find((each) => each.to.name === to)!
        const told = life.told.get(to)
        const held = told ? told.it : edge.kind === 'reexport' ? reexported(life, to) : read()
        if (sees[to] === null && held === undefined) continue
        if (isIsolated(module, edge) && !told && isLife(held)) continue
        if (held !== lives.get(to)) {
          const what = isLife(held) ? title(held) : String(held)
          return `${title(life)} ${told ? 'was told of' : 'holds'} ${what}; live is ${title(lives.get(to)!)}`
        }
      }
    }
    return (
      compareAlive() ??
      world.lives
        .filter((life) => lives.get(life.name) !== life && life.disposed === 0)
        .map((life) => `${title(life)} is not live and was never disposed`)[0]
    )
  }

  function reexported({ name }: Life, to: string): unknown {
    const { file } = modules.find((module) => module.name === name)!
    return (app.runner.moduleCache.getByModuleId(join(app.root, file)).exports as Namespace)[`${name}_${to}`]
  }
}

/** A module and what it imports, at one moment. */
interface ModuleEdges {
  name: string
  file: string
  to: string[]
}

function edgesIn(modules: readonly RandomModule[]): ModuleEdges[] {
  return modules.map(({ name, file, edges }) => ({ name, file, to: edges.map((edge) => edge.to.name) }))
}

/** The modules that an edit of `files` may replace: those, and all that has imported them, directly or not, at any of the moments. */
function upwards(edges: readonly ModuleEdges[], files: readonly string[]): Set<string> {
  const found = new Set(edges.filter(({ file }) => files.includes(file)).map(({ name }) => name))
  for (const name of found) for (const importer of edges) if (importer.to.includes(name)) found.add(importer.name)
  return found
}

async function startApp(root: string, files: Record<string, string>, main: string): Promise<App> {
  mkdirSync(root)
  for (const [file, content] of Object.entries(files)) writeFileSync(join(root, file), content)
  const logs: string[] = []
  const reports: Applied[] = []
  let owed = 0
  let heard = () => {}
  const counter: Plugin = {
    name: 'counter',
    hotUpdate: {
      order: 'post',
      handler() {
        if (this.environment.name !== 'ssr') return
        owed--
        heard()
      },
    },
  }
  const server = await createServer({
    root,
    configFile: false,
    logLevel: 'silent',
    server: { middlewareMode: true, ws: false, watch: null },
    optimizeDeps: { noDiscovery: true, include: [] },
    plugins: [viteNodeHmrPlugin(), counter],
  })
  /** Files that were told as changed, and since when. */
  const changed = new Map<string, number>()
  /** Until when a save that is told as one more may be found late. */
  let late = 0
  // also those that are found late
  for (const event of ['add', 'change', 'unlink']) server.watcher.on(event as 'change', () => owed++)
  const node = new ViteNodeServer(server)
  const entries = [`/${main}`]
  const runner: ViteNodeRunner = new ViteNodeRunner({
    root: server.config.root,
    fetchModule: (id) => node.fetchModule(id),
    resolveId: (id, importer) => node.resolveId(id, importer),
    createHotContext: (owner, id) => createHotContext(owner, server.emitter, entries, id),
  })
  const log = (line: unknown) => void logs.push(String(line).replaceAll(/\n +at .*/g, ''))
  configureEngine(runner, { logger: { info: log, error: log }, report: (applied) => reports.push(applied) })
  server.emitter.on('message', (payload) => void handleMessage(runner, server.emitter, entries, payload))
  const engine = getEngine(runner)
  await runner.executeId(entries[0]!)
  const { world } = globalThis as unknown as { world: World }
  return {
    root,
    server,
    runner,
    engine,
    logs,
    reports,
    tell({ event, file, content }) {
      const path = join(root, file)
      if (event === 'change') changed.set(file, Date.now())
      if (event === 'add' && Date.now() - (changed.get(file) ?? 0) < LATE) late = Date.now() + LATE
      if (content === undefined) rmSync(path)
      else {
        // as editors do: never half a file
        writeFileSync(`${path}.tmp`, content)
        renameSync(`${path}.tmp`, path)
      }
      server.watcher.emit(event, path)
    },
    async quiet() {
      if (late > Date.now()) await new Promise((resolve) => setTimeout(resolve, late - Date.now()))
      const end = Date.now() + PATIENCE
      while (owed > 0 && Date.now() < end) {
        await new Promise<void>((resolve) => {
          heard = resolve
          setTimeout(resolve, end - Date.now())
        })
      }
      if (owed > 0) throw new Error(`Vite has not taken ${owed} changes`)
      for (let turns = 0; turns < 10; turns++) {
        // what Vite has taken is told within a few turns, and may lead to more
        await new Promise((resolve) => setImmediate(resolve))
        if (!(await world.settled(PATIENCE))) {
          const loads = world.lives.flatMap((life) =>
            [...life.loads].flatMap(([name, { state }]) =>
              state === 'pending' ? `import(${name}) of ${title(life)}` : [],
            ),
          )
          throw new Error(`never settled: ${loads}`)
        }
        await engine.queue.add(async () => {})
        if (engine.cache.pending) turns = 0
      }
    },
    close: () => server.close(),
  }
}
