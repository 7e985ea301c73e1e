/** One tool once: an app in a fresh folder with empty caches is started, edited, restarted and ended. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as idle } from 'node:timers/promises'
import { type App, type Edit, writeApp } from './app.ts'
import { type Answer, Client, type Memory, type Waited } from './client.ts'
import { freePort } from './port.ts'
import { type Running, start, type Usage } from './processes.ts'
import type { Case, Tool } from './tools.ts'

/** What a round is to do. */
export interface Plan {
  modules: number
  seed: number
  cases: readonly Case[]
  /** How often each edit is made. */
  edits: number
}

/** One measurement. */
export interface Sample {
  tool: string
  modules: number
  case: Case
  ms: number
  /** The longest time without any answer, in ms. */
  silence: number
  /** The app's state outlived it. */
  isKept: boolean
  /** Modules that were evaluated for it. */
  evaluated: number
}

/** One tool's round. */
export interface Round {
  samples: Sample[]
  /** After the start, after a garbage collection. */
  usage?: Usage
  memory?: Memory
  /** Case -> why there is no figure. */
  failed: Partial<Record<Case, string>>
}

/** Watchers are late; a tool may prepare for what comes next. The same for all. */
const SETTLE = { start: 1500, update: 300, restart: 1500 }
const TIMEOUT = 60_000

/** Runs `tool` through `plan`. Never rejects: what failed is noted. */
export async function runRound(tool: Tool, plan: Plan): Promise<Round> {
  const folder = mkdtempSync(join(tmpdir(), 'vite-tether-bench-'))
  const round: Round = { samples: [], failed: {} }
  try {
    await measure(tool, plan, folder, round)
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  return round
}

async function measure(tool: Tool, plan: Plan, folder: string, round: Round): Promise<void> {
  const root = join(folder, 'app')
  const temporary = join(folder, 'tmp')
  for (const each of [root, temporary]) mkdirSync(each)
  const app = writeApp(root, plan.modules, plan.seed, tool.compile)
  const port = await freePort()
  const client = new Client(port)
  const { env, ...rest } = tool.command(`src/${tool.entry}`)
  const log = join(folder, 'log')
  const began = performance.now()
  const running = start({ ...rest, env: { ...env, PORT: String(port), TMPDIR: temporary } }, root, log)
  const note = (name: Case, { answer, silence }: Waited, ms: number, before?: Answer): void => {
    const isKept = before !== undefined && answer.boot === before.boot && answer.hits > before.hits
    const evaluated = answer.evaluated - (before?.pid === answer.pid ? before.evaluated : 0)
    round.samples.push({ tool: tool.name, modules: plan.modules, case: name, ms, silence, isKept, evaluated })
  }
  try {
    const first = await current(app, client, running)
    if (plan.cases.includes('cold')) note('cold', first, performance.now() - began)
    await idle(SETTLE.start)
    round.memory = await client.ask<Memory>('/memory')
    const usage = running.usage(round.memory.pid)
    if (usage) round.usage = usage
    for (const name of plan.cases) {
      if (name === 'cold' || tool.not[name] !== undefined) continue
      try {
        for (let each = 0; each < plan.edits; each++) {
          await idle(name === 'unaccepted' || name === 'restart' ? SETTLE.restart : SETTLE.update)
          const before = await client.ask()
          const from = performance.now()
          if (name === 'restart') await running.control('restart')
          else app.save(name satisfies Edit)
          const isNew = (answer: Answer) => name !== 'restart' || answer.boot !== before.boot
          const waited = await current(app, client, running, isNew)
          note(name, waited, performance.now() - from, before)
        }
      } catch (error) {
        round.failed[name] = reason(error, running)
        running.ended.throwIfAborted()
      }
    }
  } catch (error) {
    for (const name of plan.cases) {
      const isDone = round.samples.some((sample) => sample.case === name) || round.failed[name]
      if (!isDone && tool.not[name] === undefined) round.failed[name] = reason(error, running)
    }
  } finally {
    client.close()
    await running.stop()
  }
}

/** Waits until the app answers what its sources say. */
function current(app: App, client: Client, running: Running, isNew: (answer: Answer) => boolean = () => true) {
  const { value, settings } = app.expected
  const isRight = (answer: Answer) => answer.value === value && answer.settings === settings && isNew(answer)
  return client.until(isRight, TIMEOUT, running.ended)
}

function reason(error: unknown, running: Running): string {
  const message = error instanceof Error ? error.message : String(error)
  return running.ended.aborted ? message : `${message}; last line: ${running.lastLine()}`
}
