/** A file that is saved in any moment of a start, kept by the one before or not: what runs in the end is what was saved. */
import { renameSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { test } from 'vitest'
import { until } from '../../support/child.ts'
import { repeatable, seeded, seeds } from '../../support/flaky.ts'
import { begin, createApp, readStart } from '../../support/kept-start.ts'
import type { Project } from '../../support/project.ts'

/** Milliseconds that a start takes on a slow machine. */
const START = 1500

const SOURCES: Record<string, (version: number) => string> = {
  'src/leaf.ts': (version) => `export const leaf: string = 'leaf ${version}'`,
  'src/middle.ts': (version) => `export * from './leaf.ts'\nexport const middle: string = 'middle ${version}'`,
  'src/data.json': (version) => `{ "data": "data ${version}" }`,
  'src/main.ts': (version) => `import { leaf, middle } from './middle.ts'
    import { data } from './data.json'
    console.log(['app', leaf, middle, data, 'main ${version}'].join(' '))
    setInterval(() => {}, 1e9)`,
}
const FILES = Object.keys(SOURCES)

/** Starts the app until what it leaves is written, or was written by the start before, and ends it. */
async function leave(project: Project): Promise<void> {
  const running = begin(project)
  await running.match(/modules are kept|begins with \d+ modules/)
  await running.end()
}

test('what is saved while the command starts is what runs', { timeout: 240_000 }, async () => {
  const versions = Object.fromEntries(FILES.map((file) => [file, 0]))
  const source = (file: string) => SOURCES[file]!(versions[file]!)
  const project = createApp(Object.fromEntries(FILES.map((file) => [file, source(file)])))
  const wanted = () =>
    `app ${['leaf.ts', 'middle.ts', 'data.json', 'main.ts'].map((name) => `${name.replace(/\..*/, '')} ${versions[`src/${name}`]}`).join(' ')}`

  for (const seed of seeds(8)) {
    const random = seeded(seed)
    const file = FILES[random.below(FILES.length)]!
    const [wait, isAtomic, isBroken, isLate] = [random.below(START), ...[0.3, 0.3, 0.5].map((p) => random.chance(p))]
    await leave(project)
    const running = begin(project)
    const what = `${file}${isBroken ? ', broken first,' : ''} after ${wait} ms`
    await repeatable(seed, 'test/integration/start/saved-at-start.test.ts', async () => {
      // half of them in the second half of a start
      if (isLate) await running.match(/begins with \d+ modules/)
      await delay(wait)
      if (isBroken) {
        project.write(file, `${source(file)}\n)`)
        await delay(random.below(START))
      }
      versions[file]!++
      project.write(isAtomic ? 'new.txt' : file, source(file))
      if (isAtomic) renameSync(project.path('new.txt'), project.path(file))
      await until(() => readStart(running).says.at(-1) === wanted(), `${what}: ${wanted()}`).catch((cause) => {
        throw new Error(`${cause.message} in\n${running.text}`, { cause })
      })
    })
    await running.end()
  }
})
