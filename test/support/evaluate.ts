/** A runner over a real Vite server in the same process: what crosses the wire elsewhere is a function call here. */
import * as vite from 'vite'
import { createServer, type InlineConfig, type ViteDevServer } from 'vite'
import { onTestFinished } from 'vitest'
import { TetherNodeRunner, type TetherRunnerOptions } from '../../src/client/runner/node-runner.ts'
import { createRecords } from '../../src/server/modules/records.ts'
import { createTetherEnvironment } from '../../src/server/vite/environment.ts'
import { reviveError } from '../../src/shared/errors.ts'
import type { FetchAnswer, ModuleId, ModuleRecord } from '../../src/shared/types.ts'
import { createProject, type Project } from './project.ts'

export interface Evaluation extends Project {
  runner: TetherNodeRunner
  server: ViteDevServer
  /** URLs that the runner has asked for, in order. */
  asked: string[]
  /** `runner.import`, typed loosely. */
  // biome-ignore lint/suspicious/noExplicitAny: a module exports anything
  load(id: string): Promise<any>
  /** Tells Vite that these files changed and returns their current records, as a change would bring them. */
  saved(...files: string[]): Promise<ModuleRecord[]>
  /** A further runner with a ledger of its own. */
  another(options?: Partial<TetherRunnerOptions>): TetherNodeRunner
}

export interface EvaluationOptions extends Partial<TetherRunnerOptions> {
  /** Asked before each fetch: what it throws is the answer. */
  refuse?: (url: string) => void
  config?: InlineConfig
}

const NO_EVENTS = { init() {}, listen() {}, close() {}, send() {} }

/** Writes `files`, starts Vite on them and makes a runner. Everything ends with the test. */
export async function evaluation(
  files: Record<string, string>,
  { config = {}, refuse, ...options }: EvaluationOptions = {},
): Promise<Evaluation> {
  const project = createProject({ 'package.json': '{ "type": "module" }', ...files })
  const server = await createServer({
    configFile: false,
    root: project.root,
    logLevel: 'silent',
    appType: 'custom',
    ...config,
    server: { middlewareMode: true, ws: false, watch: null, ...config.server },
    optimizeDeps: { noDiscovery: true },
    environments: {
      ...config.environments,
      ssr: {
        ...config.environments?.ssr,
        dev: { createEnvironment: (name, config) => createTetherEnvironment(name, config, NO_EVENTS, vite) },
      },
    },
  })
  onTestFinished(() => server.close())
  const records = createRecords(server.environments.ssr)
  const asked: string[] = []

  const another = (overrides: Partial<TetherRunnerOptions> = {}): TetherNodeRunner => {
    const ledger = new Map<ModuleId, number>()
    const fetch = async (url: string, importer?: ModuleId, fresh?: boolean): Promise<FetchAnswer> => {
      asked.push(url)
      refuse?.(url)
      const modules: ModuleRecord[] = []
      const take = (record: ModuleRecord) => modules.push(record)
      const answer = await records.fetch(url, importer, (id) => ledger.get(id), take, fresh)
      if ('external' in answer) return answer
      const failed = answer.failed[0]
      if (failed) throw reviveError(failed.error)
      for (const { id, version } of modules) ledger.set(id, version)
      // as it would come over the wire
      return JSON.parse(JSON.stringify({ id: answer.id, url: answer.url, modules })) as FetchAnswer
    }
    const runner = new TetherNodeRunner({
      root: project.root,
      serverRoot: project.root,
      source: { fetch },
      env: { ...server.config.env, SSR: true },
      ...overrides,
    })
    onTestFinished(() => runner.close())
    return runner
  }

  const runner = another(options)
  return {
    ...project,
    runner,
    server,
    asked,
    another,
    load: (id) => runner.import(id),
    async saved(...changed) {
      const { moduleGraph } = server.environments.ssr
      for (const file of changed) moduleGraph.onFileChange(project.path(file))
      const { modules, failed } = await records.collect(changed.map(project.path), () => undefined)
      if (failed[0]) throw reviveError(failed[0].error)
      return modules
    },
  }
}
