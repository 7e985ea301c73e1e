/** One interface for the HMR behaviour suite, so that it runs in process (plain vite-node) and through `connect()` alike. */
import { EventEmitter } from 'node:events'
import { createServer, type InlineConfig, type Plugin, type ViteDevServer } from 'vite'
import { ViteNodeRunner } from 'vite-node/client'
import { ViteNodeServer } from 'vite-node/server'
import { onTestFinished } from 'vitest'
import { configureEngine, type EngineOptions } from '../../src/client/hmr/engine.ts'
import { connect } from '../../src/client/runner/connect.ts'
import { createHotContext, handleMessage, viteNodeHmrPlugin } from '../../src/hmr.ts'
import type { Applied } from '../../src/shared/types.ts'
import { seeded } from './flaky.ts'
import { createProject, type Project } from './project.ts'
import { startServer, type TestServer, tellFailure, watched } from './tether.ts'
import { proxyFor } from './through-proxy.ts'

/** The app that the suite asks for. */
export interface HmrAppOptions {
  files: Record<string, string>
  /** The entry, or entries, to execute; an entry whose first execution fails does not fail the start. */
  entry: string | string[]
  /** Makes the entry of the project's root, where that is to be part of it. */
  entryOf?: ((root: string) => string) | false
  plugins?: Plugin[]
  config?: InlineConfig
  onUnaccepted?: EngineOptions['onUnaccepted']
  limits?: EngineOptions['limits']
}

/** A running app whose sources can be edited; it ends with the test. */
export interface HmrApp extends Project {
  server: ViteDevServer
  /** Live exports of a module. */
  // biome-ignore lint/suspicious/noExplicitAny: a module exports anything
  import(id: string): Promise<any>
  /** Everything said so far: by the engine's logger, and by the app through `globalThis.log()`. */
  logs: string[]
  /** The engine's report on each change so far. */
  reports: Applied[]
  /** The error of the first execution of the entries. */
  startError: unknown
  /** Runs `action` and resolves with the next report. */
  after(action: () => unknown): Promise<Applied>
  /** Runs `action` and resolves with everything said from then on until a line matches. */
  logsAfter(action: () => unknown, last: string | RegExp): Promise<string[]>
  /** Resolves once `count` reports are there in all. */
  reported(count: number): Promise<void>
  /** Resolves once `condition` holds; it is looked at whenever something is said or reported. */
  until(condition: () => boolean): Promise<void>
  /** Everything said since the last call of this function, or since the start. */
  said(): string[]
}

/** Starts apps of one kind. */
export interface HmrDriver {
  name: string
  /** The app has entries of its own, as against modules that somebody imports and may import again. */
  hasEntries: boolean
  start(options: HmrAppOptions): Promise<HmrApp>
}

/** The time that a milestone may take, in ms, before the test fails with what was seen instead. */
const PATIENCE = 8000

/** Vite, vite-node's server and vite-node's own runner in this process. */
export const inProcess: HmrDriver = {
  name: 'in process',
  hasEntries: true,
  async start(options) {
    const project = createProject(options.files)
    const record = createRecord()
    const server = await createServer({
      root: project.root,
      configFile: false,
      logLevel: 'silent',
      ...options.config,
      server: { middlewareMode: true, ws: false, ...options.config?.server },
      optimizeDeps: { noDiscovery: true, include: [] },
      plugins: [viteNodeHmrPlugin(), ...(options.plugins ?? [])],
    })
    onTestFinished(() => server.close())
    const node = new ViteNodeServer(server)
    const files = entriesOf(options, project.root)
    const runner: ViteNodeRunner = new ViteNodeRunner({
      root: server.config.root,
      fetchModule: (id) => node.fetchModule(id),
      resolveId: (id, importer) => node.resolveId(id, importer),
      createHotContext: (owner, id) => createHotContext(owner, server.emitter, files, id),
    })
    configureEngine(runner, {
      logger: record.logger,
      report: record.report,
      ...(options.onUnaccepted && { onUnaccepted: options.onUnaccepted }),
      ...(options.limits && { limits: options.limits }),
    })
    server.emitter.on('message', (payload) => void handleMessage(runner, server.emitter, files, payload))
    tellFailure(server, record.app.logs)
    await watched(server)
    Object.assign(globalThis, { log: record.log })
    for (const file of files) await runner.executeId(file).catch(record.failedToStart)
    return Object.assign(record.app, project, {
      server,
      import: (id: string) => runner.executeId(id),
    })
  },
}

/** The words and reports of an app, and the waits on them. */
export function createRecord() {
  const events = new EventEmitter().setMaxListeners(0)
  const logs: string[] = []
  const reports: Applied[] = []
  let read = 0
  const log = (...parts: unknown[]) => {
    logs.push(parts.join(' '))
    events.emit('event')
  }
  const app = {
    logs,
    reports,
    startError: undefined as unknown,
    async after(action: () => unknown): Promise<Applied> {
      const from = reports.length
      await action()
      await until(() => reports.length > from, 'a report')
      return reports[from]!
    },
    async logsAfter(action: () => unknown, last: string | RegExp): Promise<string[]> {
      const from = logs.length
      const matches = (line: string) => (typeof last === 'string' ? line === last : last.test(line))
      await action()
      await until(() => logs.slice(from).some(matches), `the line ${last}`)
      return logs.slice(from, from + logs.slice(from).findIndex(matches) + 1)
    },
    reported: (count: number) => until(() => reports.length >= count, `${count} reports`),
    until: (condition: () => boolean) => until(condition, String(condition)),
    said(): string[] {
      const since = logs.slice(read)
      read = logs.length
      return since
    },
  }
  function until(condition: () => boolean, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = () => {
        if (!condition()) return
        clearTimeout(timer)
        events.off('event', done)
        resolve()
      }
      const timer = setTimeout(() => {
        events.off('event', done)
        const seen = JSON.stringify(reports.at(-1), null, 1)
        reject(new Error(`Waited ${PATIENCE} ms for ${what}.\nSaid:\n${logs.join('\n')}\nLast report: ${seen}`))
      }, PATIENCE)
      events.on('event', done)
      done()
    })
  }
  return {
    app,
    log,
    logger: { info: log, error: log },
    report: (applied: Applied) => {
      reports.push(applied)
      events.emit('event')
    },
    failedToStart: (error: unknown) => {
      app.startError ??= error
    },
  }
}

/** `connect()`: our own runner, at the other end of a session from Vite with the plugin. */
export const attached: HmrDriver = {
  name: 'through connect()',
  hasEntries: false,
  start: (options) => startAttached(options, ({ hub }, project) => ({ url: hub.attach!.url, project })),
}

/** The same, with a link that is cut around each save: before it, after it, or in the middle of what is said about it. */
export const cutOff: HmrDriver = {
  name: 'through cut links',
  hasEntries: false,
  start: (options) =>
    startAttached(options, async (server, project) => {
      const random = seeded(Number(process.env.SEED ?? 43))
      const proxy = await proxyFor(server)
      const how = () => (random.chance(0.5) ? 'fin' : 'rst')
      const around = (save: () => void): void => {
        const when = random.pick({ before: 1, after: 1, amid: 3 })
        if (when === 'before') proxy.cut(how())
        if (when === 'amid') proxy.cutAfter(1 + random.below(1_500), how())
        save()
        if (when === 'after') proxy.cut(how())
      }
      return {
        url: proxy.url,
        project: {
          ...project,
          write: (...args) => around(() => project.write(...args)),
          edit: (...args) => around(() => project.edit(...args)),
          rename: (...args) => around(() => project.rename(...args)),
          remove: (...args) => around(() => project.remove(...args)),
        },
      }
    }),
}

async function startAttached(
  options: HmrAppOptions,
  reach: (server: TestServer, project: Project) => Reached | Promise<Reached>,
): Promise<HmrApp> {
  const created = createProject(options.files)
  const record = createRecord()
  const testServer = await startServer(
    created.root,
    { attach: true },
    {
      logLevel: 'silent',
      optimizeDeps: { noDiscovery: true, include: [] },
      ...options.config,
      plugins: options.plugins ?? [],
    },
  )
  const { server, hub } = testServer
  const { url, project } = await reach(testServer, created)
  const runner = await connect({
    url,
    token: hub.attach!.token,
    root: project.root,
    logger: { ...record.logger, info: (line) => line.endsWith('connected.') || record.log(line) },
    ...(options.onUnaccepted && { onUnaccepted: options.onUnaccepted }),
  })
  onTestFinished(() => runner.close())
  runner.on('applied', record.report)
  if (options.limits) configureEngine(runner.viteNode, { limits: options.limits })
  Object.assign(globalThis, { log: record.log })
  for (const file of entriesOf(options, project.root)) await runner.import(file).catch(record.failedToStart)
  return Object.assign(record.app, project, { server, import: (id: string) => runner.import(id) })
}

/** The way to the server, and the edits of the project. */
interface Reached {
  url: string
  project: Project
}

/** Every kind of app the behaviour suite runs over; the fault suite adds one. */
export const drivers: HmrDriver[] = [inProcess, attached, ...(process.env.TETHER_FAULTS === 'all' ? [cutOff] : [])]

function entriesOf({ entry, entryOf }: HmrAppOptions, root: string): string[] {
  return entryOf ? [entryOf(root)] : [entry].flat()
}
