/**
 * The invariant: after any edits and a quiet moment, what runs is what a fresh process would run, and what the terminal has said is
 * what happened. A script (an app and steps) follows from a seed; it is played against real processes and judged after each step.
 *
 * A quiet moment: the watcher has reported every file that was touched and its own windows are over, and after that each runner has
 * answered as expected twice. What is wrong at first has some time to become right, so a busy machine fails nothing.
 */
import { seeded } from './flaky.ts'
import { type Driver, TestedApp, writeTree } from './invariant-app.ts'
import { type App, applyEdit, type Edit, type Place, type Step } from './invariant-edits.ts'
import { textOf } from './invariant-model.ts'
import { randomApp, randomStep } from './invariant-random.ts'
import { Referee } from './invariant-referee.ts'

/** Milliseconds that a wrong answer has to become right. */
const PATIENCE = Number(process.env.TETHER_PATIENCE ?? 15_000)

export interface Script {
  app: App
  steps: Step[]
}

const placeOf = (driver: Driver): Place => ({
  supervised: driver !== 'in process',
  attached: driver === 'two runners',
  standby: driver === 'standby' || driver === 'two runners',
})

/** The script of a seed. */
export function scriptOf(seed: number, driver: Driver, length: number): Script {
  const random = seeded(seed)
  const place = placeOf(driver)
  const app = randomApp(random, place)
  const world = structuredClone(app.world)
  const steps: Step[] = []
  while (steps.length < length) {
    const step = randomStep(random, { ...app, world }, place)
    for (const edit of step.edits) applyEdit(world, edit)
    if (step.edits.length > 0) steps.push(step)
  }
  return { app, steps }
}

/** The fault at a step. */
export interface Failure {
  step: number
  problems: string[]
  said: string
}

/** Plays a script. Resolves with what went wrong first. */
export async function play(script: Script, driver: Driver, patience = PATIENCE): Promise<Failure | undefined> {
  const app = structuredClone(script.app)
  const tree = writeTree(app)
  const tested = new TestedApp(tree, driver)
  try {
    await tested.start()
    const referee = new Referee(tested, app, driver, patience)
    let failure = await referee.judge([], [])
    if (failure) return { step: 0, ...failure }
    let rushed: Edit[] = []
    let touched: string[] = []
    for (const [index, step] of script.steps.entries()) {
      if (step.standby && placeOf(driver).standby && rushed.length === 0) await referee.standby()
      if (rushed.length === 0) referee.begin()
      const files: string[] = []
      const done: Edit[] = []
      for (const edit of step.edits) {
        if (edit.op === 'config') {
          tree.configure(index + 1)
          files.push('vite.config.js')
          done.push(edit)
        } else if (edit.op === 'crash') {
          if (await tested.crash(edit.how)) void tested.control('restart')
          done.push(edit)
        } else if (edit.op === 'restart') {
          void tested.control('restart')
          done.push(edit)
        } else {
          const changes = applyEdit(app.world, edit)
          if (!changes) continue
          tree.change(changes, step.atomic)
          for (const change of changes) {
            if ('write' in change) files.push(change.write)
            else if ('remove' in change) files.push(change.remove)
            else files.push(change.from, change.to)
          }
          done.push(edit)
        }
      }
      rushed.push(...done)
      touched.push(...files.map(tree.path))
      if (rushed.length === 0 || (step.rush && index < script.steps.length - 1)) continue
      failure = await referee.judge(rushed, touched, step.atomic)
      if (failure) return { step: index + 1, ...failure }
      rushed = []
      touched = []
    }
    return undefined
  } finally {
    await tested.end()
    tree.remove()
  }
}

/** Plays the script of a seed; a failure is thrown with the line that repeats it, and with the script, shortened if asked to. */
export async function check(seed: number, driver: Driver, length: number, file: string): Promise<number> {
  const script = scriptOf(seed, driver, length)
  let failure = await play(script, driver)
  if (!failure) return script.steps.length
  const features = ['TETHER_ONLY', 'TETHER_WITHOUT'].map((name) => process.env[name] && `${name}=${process.env[name]} `)
  const line = `${features.join('')}TETHER_SEED=${seed} TETHER_LENGTH=${length} npx vitest run ${file} -t '^${driver}:'`
  // with TETHER_SHRINK=60 it takes up to 60 s to leave out edits that are not needed
  let shortest: Script = { ...script, steps: script.steps.slice(0, failure.step) }
  const budget = Number(process.env.TETHER_SHRINK ?? 0) * 1000
  for (
    const end = performance.now() + budget, index = { at: shortest.steps.length - 2 };
    index.at >= 0 && performance.now() < end;
    index.at--
  ) {
    const steps = shortest.steps.filter((_, at) => at !== index.at)
    const again = await play({ ...shortest, steps }, driver, 4000)
    if (!again || again.problems[0]?.slice(0, 12) !== failure.problems[0]?.slice(0, 12)) continue
    shortest = { ...shortest, steps: steps.slice(0, again.step) }
    failure = again
  }
  const error = new Error(
    [`repeat with: ${line}`, ...failure.problems, '', tell(shortest), '', failure.said].join('\n'),
  )
  error.stack = ''
  throw error
}

/** A script for people: the files, then the edits. */
export function tell({ app, steps }: Script): string {
  const files = app.world.modules.map(
    (module) => `=== ${module.path}${module.absent ? ' (does not exist yet)' : ''}\n${textOf(module)}`,
  )
  const { filters, invalidates, hmr } = app
  return [
    ...files,
    `=== plugin: ${JSON.stringify({ filters, invalidates, hmr })}`,
    ...steps.map((step, index) => {
      const how = [step.atomic && 'atomic', step.rush && 'rush', step.standby && 'with a standby']
        .filter(Boolean)
        .join(', ')
      return `${index + 1}. ${step.edits.map((edit) => JSON.stringify(edit)).join(' and ')}${how && ` (${how})`}`
    }),
  ].join('\n')
}
