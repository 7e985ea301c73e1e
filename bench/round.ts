/** One tool once: an app in a fresh folder with empty caches is started, edited, restarted and ended. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as idle } from 'node:timers/promises'
import { type App, type Edit, writeApp } from './app.ts'
import { type Answer, Client, type Memory, type Waited } from './client.ts'
import { type Growth, measureGrowth } from './growth.ts'
import { writeNestApp } from './nest.ts'
import { freePort } from './port.ts'
import { type Running, start, type Usage } from './processes.ts'
import { createLine, type Line, type Traffic } from './proxy.ts'
import { measureRequests, type Requests } from './requests.ts'
import { measureScript } from './script.ts'
import type { Case, Tool } from './tools.ts'

/** One tool's job in a round: the app that it gets, and the cases that it goes through. */
export interface Job {
  tool: Tool
  app: 'generated' | 'nest' | 'script'
  /** Size of a generated app. */
  modules: number
  seed: number
  cases: readonly Case[]
  /** How often each edit is made. */
  edits: number
  /** Round trip time of the link, in ms, through a proxy that counts; without it there is no proxy. */
  rtt?: number
  /** Leaf updates after which memory is compared. */
  growth?: number
  /** Restarts over which the requests of busy clients are counted. */
  requests?: number
}

/** One measurement. */
export interface Sample {
  case: Case
  ms: number
  /** The longest time without any answer, in ms. */
  silence: number
  /** The app's state outlived it. */
  isKept: boolean
  /** Modules that were evaluated for it. */
  evaluated: number
  /** Bytes and messages over the link. */
  traffic?: Traffic
}

/** The result of a job. */
export interface Result {
  job: Job
  samples: Sample[]
  /** After the start and a garbage collection. */
  usage?: Usage
  memory?: Memory
  /** Seconds of CPU for each edit and restart, in the mean. */
  editing?: number
  growth?: Growth
  requests?: Requests
  /** Case -> why there is no figure. */
  failed: Partial<Record<Case | 'growth' | 'requests', string>>
}

/** Watchers are late; a tool may prepare for what comes next. The same for all. In ms. */
const SETTLE = { start: 1500, update: 300, restart: 1500 }
/** From the answer of one restart to the save that leads to the next. In ms. */
const SOON = 150
const RESTARTS: readonly Case[] = ['unaccepted', 'restart', 'soon']
/** A start over a slow link takes long. In ms. */
const TIMEOUT = { start: 100_000, update: 30_000 }

/** Does `job`. Never rejects: what failed is noted. */
export async function runJob(job: Job): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'vite-tether-bench-'))
  const result: Result = { job, samples: [], failed: {} }
  const clean = (): void => remove(folder)
  // an interrupt ends this process
  process.once('exit', clean)
  let line: Line | undefined
  try {
    const port = await freePort()
    const link = await freePort()
    if (job.rtt !== undefined) line = await createLine(link, job.rtt)
    const ports = { PORT: String(port), LINK_PORT: String(link), LINK_VIA: String(line?.port ?? link) }
    await measure(result, folder, ports, line)
  } catch (error) {
    // before there was a process
    for (const name of job.cases) result.failed[name] = message(error)
  } finally {
    await line?.close()
    process.off('exit', clean)
    clean()
  }
  return result
}

function remove(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  } catch (error) {
    // something is still written there; the system empties it some day
    console.warn(message(error))
  }
}

async function measure(result: Result, folder: string, ports: Record<string, string>, line?: Line): Promise<void> {
  const { job, failed } = result
  const { tool } = job
  const root = join(folder, 'app')
  const temporary = join(folder, 'tmp')
  for (const each of [root, temporary]) mkdirSync(each)
  if (job.app === 'script') return measureScript(result, root, { TMPDIR: temporary })
  const app =
    job.app === 'nest' ? writeNestApp(root, tool.compile) : writeApp(root, job.modules, job.seed, tool.compile)
  const entry = `src/${tool.entry}`
  const { env, ...command } = tool.command((await tool.prepare?.(root, entry)) ?? entry)
  const client = new Client(Number(ports.PORT))
  const launch = () => start({ ...command, env: { ...env, ...ports, TMPDIR: temporary } }, root, join(folder, 'log'))

  const began = performance.now()
  let running = launch()
  const note = async (name: Case, { answer, silence }: Waited, ms: number, before?: Answer): Promise<void> => {
    const isKept = before !== undefined && answer.boot === before.boot && answer.hits > before.hits
    const evaluated = answer.evaluated - (before?.pid === answer.pid ? before.evaluated : 0)
    // what is said after the answer belongs to it
    if (line) await idle(SETTLE.update + (job.rtt ?? 0))
    const traffic = line?.take()
    result.samples.push({ case: name, ms, silence, isKept, evaluated, ...(traffic && { traffic }) })
  }
  try {
    const first = await current(app, client, running, TIMEOUT.start)
    await note('cold', first, performance.now() - began)
    await idle(SETTLE.start)
    result.memory = await client.ask<Memory>('/memory')
    const usage = running.usage(result.memory.pid)
    if (usage) result.usage = usage
    for (const name of job.cases) {
      if (name === 'cold' || name === 'again' || name === 'first' || tool.not[name] !== undefined) continue
      try {
        for (let each = 0; each < job.edits; each++) {
          await idle(RESTARTS.includes(name) ? SETTLE.restart : SETTLE.update)
          if (name === 'soon') await restartFirst(app, client, running)
          const { answer: before } = await client.until(() => true, TIMEOUT.update, running.ended)
          line?.take()
          const from = performance.now()
          if (name === 'restart') void running.control('restart').catch(() => {})
          else app.save(name === 'soon' ? 'unaccepted' : (name satisfies Edit))
          const isNew = (answer: Answer) => name !== 'restart' || answer.boot !== before.boot
          const waited = await current(app, client, running, TIMEOUT.update, isNew)
          await note(name, waited, performance.now() - from, before)
        }
      } catch (error) {
        failed[name] = reason(error, running)
        running.ended.throwIfAborted()
      }
    }
    const after = running.usage(result.memory.pid)
    const edits = result.samples.length - 1
    // the time of a process that nobody waited for is lost
    if (usage && after && edits > 0 && after.cpu > usage.cpu) result.editing = (after.cpu - usage.cpu) / edits
    if (job.growth) result.growth = await measureGrowth(app, client, running, job.growth)
    if (job.requests) {
      result.requests = await measureRequests(app, client, Number(ports.PORT), running, job.requests)
    }
    for (let each = -(tool.uncounted ?? 0); job.cases.includes('again') && each < job.edits; each++) {
      await running.stop()
      const from = performance.now()
      running = launch()
      const started = await current(app, client, running, TIMEOUT.start)
      if (each >= 0) await note('again', started, performance.now() - from)
      // no start follows that would have to use what this save has changed
      if (each === job.edits - 1 && job.cases.includes('first') && !tool.not.first) {
        const saved = performance.now()
        app.save('leaf')
        const { answer } = started
        await note('first', await current(app, client, running, TIMEOUT.start), performance.now() - saved, answer)
      }
      await idle(SETTLE.start)
    }
  } catch (error) {
    const open = job.cases.filter((name) => tool.not[name] === undefined && !failed[name])
    for (const name of open.filter((each) => !result.samples.some((sample) => sample.case === each))) {
      failed[name] = reason(error, running)
    }
    if (job.growth) failed.growth = reason(error, running)
    if (job.requests) failed.requests = reason(error, running)
  } finally {
    client.close()
    await running.stop()
  }
}

/** A restart, and the pause after which somebody who edits on saves again. */
async function restartFirst(app: App, client: Client, running: Running): Promise<void> {
  app.save('unaccepted')
  await current(app, client, running, TIMEOUT.update)
  await idle(SOON)
}

/** Waits until the app answers what its sources say. */
function current(
  app: App,
  client: Client,
  running: Running,
  timeout: number,
  isNew: (answer: Answer) => boolean = () => true,
): Promise<Waited> {
  const { value, settings } = app.expected
  const isRight = (answer: Answer) => answer.value === value && answer.settings === settings && isNew(answer)
  return client.until(isRight, timeout, running.ended)
}

const message = (error: unknown): string => (error instanceof Error ? error.message : String(error))

function reason(error: unknown, running: Running): string {
  return running.ended.aborted ? message(error) : `${message(error)}; it last said: ${running.lastLine()}`
}
