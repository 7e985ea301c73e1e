import { setTimeout as delay } from 'node:timers/promises'
import { createServer } from 'vite'
import { expect, onTestFinished, test } from 'vitest'
import { tether } from '../../../src/index.ts'
import { seeded } from '../../support/flaky.ts'
import { createProject } from '../../support/project.ts'

const SEED = Number(process.env.SEED ?? 1)

/** One file is made in each: another one would have its folder read again. */
const FOLDERS = Array.from({ length: 100 }, (_, index) => `src/part-${index}`)
const FILES = Object.fromEntries(
  FOLDERS.flatMap((folder) => ['a', 'b', 'c'].map((name) => [`${folder}/${name}.js`, ''])),
)

test(`files that are made while Vite's watcher begins are told, SEED=${SEED}`, { timeout: 60_000 }, async () => {
  const random = seeded(SEED)
  const project = createProject(FILES)
  const server = await createServer({
    root: project.root,
    configFile: false,
    logLevel: 'silent',
    server: { middlewareMode: true, ws: false },
    plugins: [tether()],
  })
  onTestFinished(() => server.close())
  const told = new Set<string>()
  server.watcher.on('all', (_, file) => told.add(file))
  for (const folder of FOLDERS) {
    project.write(`${folder}/new.js`, '')
    await delay(random.below(3))
  }
  const files = FOLDERS.map((folder) => project.path(`${folder}/new.js`))
  await expect.poll(() => files.filter((file) => !told.has(file)), { timeout: 20_000 }).toEqual([])
})
