import * as vite from 'vite'
import { onTestFinished } from 'vitest'
import type { Holds, Records } from '../../src/server/modules/records.ts'
import { createTetherEnvironment } from '../../src/server/vite/environment.ts'
import type { FailedModule, ModuleId, ModuleRecord } from '../../src/shared/types.ts'

const ignore = { init() {}, listen() {}, close() {}, send() {} }

/** An environment of ours in a real Vite over `root`; `watch: null` where the test says itself what was saved. Ends with the test. */
export async function startEnvironment(root: string, watch?: null): Promise<vite.DevEnvironment> {
  const server = await vite.createServer({
    root,
    configFile: false,
    logLevel: 'silent',
    server: { middlewareMode: true, ws: false, ...(watch === null && { watch }) },
    environments: {
      ssr: { dev: { createEnvironment: (name, config) => createTetherEnvironment(name, config, ignore, vite) } },
    },
  })
  onTestFinished(() => server.close())
  return server.environments.ssr
}

/** The answer of `records.fetch` and all modules that it gives. Throws if the specifier means an external. */
export async function fetchAll(
  records: Records,
  specifier: string,
  holds: Holds = () => undefined,
): Promise<{ id: ModuleId; url: string; modules: ModuleRecord[]; failed: FailedModule[] }> {
  const modules: ModuleRecord[] = []
  const answer = await records.fetch(specifier, undefined, holds, (record) => modules.push(record))
  if ('external' in answer) throw new Error(`${specifier} is an external`)
  return { ...answer, modules }
}
