/** The heap of an app over its updates: for apps of which each version of `src/app.ts` holds a {@link weight}. */
import { once } from 'node:events'
import { expect } from 'vitest'
import { startApp, type TestApp } from './app.ts'

/** Source: one MiB, in `weight`, whose first value is a little more than `version`. */
export const weight = (version: number): string => `const weight = new Array(128 * 1024).fill(${version} + 0.5)`

/** MiB by which the heap may have grown after many updates. */
export const HEAP_LIMIT = 5

/** For the entry: tells the size of the heap when it is asked. */
const TELLS_HEAP = `
  import.meta.hot!.on('measure', () => {
    globalThis.gc!()
    console.log('heap ' + process.memoryUsage().heapUsed / 2 ** 20)
  })
`

/** Starts `src/main.ts`, with version 0 of `src/app.ts`, and waits until it prints `open`. */
export async function startWeighed(
  { 'src/main.ts': main, ...files }: Record<'src/main.ts', string> & Record<string, string>,
  app: (version: number) => string,
): Promise<WeighedApp> {
  const running = await startApp(
    { 'package.json': '{ "type": "module" }', 'src/main.ts': main + TELLS_HEAP, 'src/app.ts': app(0), ...files },
    { standby: false, execArgv: ['--expose-gc'] },
  )
  await running.line(/^open/)
  return { ...running, growth: (versions, each) => growth(running, versions, app, each) }
}

export interface WeighedApp extends TestApp {
  /** Saves so many versions, one after the other, and calls `each` after each. Resolves with the MiB by which the heap has grown since the first of them. */
  growth(versions: { first: number; updates: number }, each?: () => Promise<unknown>): Promise<number>
}

async function growth(
  { project, hub, lines, server }: TestApp,
  { first, updates }: { first: number; updates: number },
  app: (version: number) => string,
  each: () => Promise<unknown> = async () => {},
): Promise<number> {
  const update = async (version: number) => {
    const applied = once(hub, 'update:applied')
    project.write('src/app.ts', app(version))
    const [, report] = await applied
    expect(report).toMatchObject({ outcome: 'updated' })
    await each()
  }
  const tell = async () => {
    const before = lines.length
    server.environments.ssr.hot.send('measure')
    await expect.poll(() => lines.slice(before).some((line) => line.startsWith('heap '))).toBe(true)
    return Number(lines.findLast((line) => line.startsWith('heap '))!.slice('heap '.length))
  }
  // twice: finalizers run after the first collection, and let go of more
  const heap = async () => {
    await tell()
    return tell()
  }
  for (let version = 1; version <= first; version++) await update(version)
  const before = await heap()
  for (let version = first + 1; version <= first + updates; version++) await update(version)
  return (await heap()) - before
}
