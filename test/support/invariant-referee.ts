/** Judges what runs and what was said after an edit of the invariant's test. */
import { setTimeout as delay } from 'node:timers/promises'
import { until } from './child.ts'
import type { Driver, Role, Snapshot, TestedApp } from './invariant-app.ts'
import type { App, Edit } from './invariant-edits.ts'
import { dependents, type Fresh, freshly, type World } from './invariant-model.ts'

/** More lines than that of one edit are an update that does not end. */
const MANY = 20
/** Milliseconds more for a process that is starting or stopping. */
const STARTING = 30_000

const SUCCESS = /\[vite-tether\].*(hot updated:|program reload|restarted:)/
const FAILURE = /failed|Error\b|Cannot find|does not provide|thrown by m|exited with/

/** Remembers the last quiet moment, and judges the next. */
export class Referee {
  readonly #tested: TestedApp
  readonly #app: App
  readonly #driver: Driver
  readonly #patience: number
  #world: World
  #fresh: Fresh
  #marks = new Map<Role, number>()
  /** Answers of the last quiet moment. */
  #snapshots = new Map<Role, Snapshot | undefined>()
  /** The number of times that Vite has begun to serve with another config. */
  #configs = 1
  /** A muted module was edited while this process ran. */
  #stale: number | undefined

  constructor(tested: TestedApp, app: App, driver: Driver, patience: number) {
    this.#tested = tested
    this.#app = app
    this.#driver = driver
    this.#patience = patience
    this.#world = structuredClone(app.world)
    this.#fresh = { soft: new Map(), live: {} }
  }

  begin(): void {
    for (const role of this.#tested.roles) this.#marks.set(role, this.#tested.text(role).length)
  }

  /** Resolves when the next process is ready, or there is not going to be one. */
  async standby(): Promise<void> {
    const end = performance.now() + 3000
    for (;;) {
      const [runner] = await this.#tested.control('runners')
      if (runner?.standby || runner?.state !== 'ready' || performance.now() > end) return
      await delay(20)
    }
  }

  /** Compares what runs with what should, now that `edits` were made and `files` written. */
  async judge(
    edits: Edit[],
    files: string[],
    atomic = true,
  ): Promise<{ problems: string[]; said: string } | undefined> {
    const before = { world: this.#world, fresh: this.#fresh, snapshots: this.#snapshots }
    const fresh = freshly(this.#app.world)
    this.#note(edits)
    const inRoot = files.filter((file) => !file.includes('/linked/'))
    let problems: string[] = []
    const end = performance.now() + this.#patience
    // without HMR Vite does not restart for its config either
    const configs = this.#app.hmr ? edits.filter(({ op }) => op === 'config').length : 0
    this.#configs += configs
    if (edits.length === 0 || configs > 0) await this.#isWatching()
    const missed = await this.#tested.control('quiet', inRoot, Math.min(3000, this.#patience))
    if (process.env.TETHER_TRACE) console.error(JSON.stringify(edits), 'missed', missed, performance.now())
    for (let quiet = 0; quiet < 2; ) {
      problems = []
      const isSettled = await this.#isSettled(fresh)
      for (const role of this.#tested.roles) {
        const snapshot = await this.#tested.ask(role, 6000)
        this.#snapshots = new Map(this.#snapshots).set(role, snapshot)
        problems.push(...this.#problems(role, edits, before, fresh, snapshot).map((problem) => `${role}: ${problem}`))
      }
      const isRight = isSettled && problems.length === 0
      // the last line may come a moment after the answer
      if (isRight) {
        for (const role of this.#tested.roles)
          problems.push(...this.#lies(role, edits, atomic, before, fresh).map((lie) => `${role}: ${lie}`))
      }
      if (isRight && problems.length === 0) {
        quiet++
        await this.#tested.control('quiet', [], 0)
      } else {
        quiet = 0
        const now = performance.now()
        // a process on its way is given more time: on a busy machine a start takes seconds
        if (now > end && (isSettled || now > end + STARTING)) break
        await delay(30)
      }
    }
    const said = this.#tested.roles.map((role) => `--- ${role}\n${shortened(this.#said(role))}`).join('\n')
    this.#world = structuredClone(this.#app.world)
    this.#fresh = fresh
    return problems.length > 0 ? { problems, said } : undefined
  }

  /** Resolves when Vite serves with the newest config, and its watcher has seen all files: it tells no save before. */
  async #isWatching(): Promise<void> {
    const files = this.#app.world.modules.filter(({ absent, path }) => !absent && !path.startsWith('..'))
    const isWatching = () =>
      this.#tested.control(
        'watching',
        this.#configs,
        files.map(({ path }) => path),
      )
    await until(async () => await isWatching(), 'the watcher', 30_000)
  }

  /** No process is on its way up or down. */
  async #isSettled(fresh: Fresh): Promise<boolean> {
    // one that has failed at the start has no line to the test
    if (this.#driver === 'in process') return fresh.bad !== undefined || this.#tested.isRunning('app')
    const [runner] = await this.#tested.control('runners')
    if (this.#driver === 'two runners' && !this.#tested.isRunning('attached') && this.#snapshots.size === 0)
      return false
    if (runner === undefined || runner.kind !== 'supervised') return false
    if (runner.state === 'ready' || runner.state === 'idle') return true
    const last = this.#tested
      .text('app')
      .split('\n')
      .findLast((line) => line.includes('exited with code'))
    return runner.state === 'crashed' && last?.includes('waiting for a save') === true
  }

  #said(role: Role): string {
    const said = this.#tested.text(role).slice(this.#marks.get(role) ?? 0)
    // what becomes of attached runners is told a little later, for all of them at once
    return said.replace(/^.*\[vite-tether\] runner\.mjs#.*\n?/gm, '')
  }

  /** Code that a plugin hides from everybody is out of date until the process is another one. */
  #note(edits: readonly Edit[]): void {
    const muted = [...this.#app.filters, ...this.#app.invalidates]
    if (edits.some((edit) => 'id' in edit && muted.includes(edit.id)))
      this.#stale = this.#snapshots.get('app')?.pid ?? -1
  }

  #isStale(role: Role): boolean {
    if (this.#stale === undefined) return false
    const pid = this.#tested.pid(role)
    return pid === undefined || pid === this.#stale
  }

  #problems(
    role: Role,
    edits: readonly Edit[],
    before: Before,
    fresh: Fresh,
    snapshot: Snapshot | undefined,
  ): string[] {
    const past = before.snapshots.get(role)
    const ended = role === 'app' && edits.some(({ op }) => op === 'crash' || op === 'restart')
    const isGood = !fresh.bad && fresh.soft.size === 0
    const wasGood = !before.fresh.bad && before.fresh.soft.size === 0
    if (this.#isStale(role)) return ended && !fresh.bad ? ['the process was not replaced'] : []
    if (isGood) {
      if (!snapshot) return ['nobody answers']
      if (ended && snapshot.pid === past?.pid) return ['the process was not replaced']
      return [...differences(fresh, snapshot), ...this.#lost(edits, before, fresh, past, snapshot, role)]
    }
    const isTold = FAILURE.test(this.#said(role))
    const isReloaded = edits.length > 1 && this.#said(role).includes('program reload')
    if (wasGood && !isTold && this.#mustTell(before, fresh, past?.pid === snapshot?.pid, isReloaded))
      return ['nothing was said of the failure']
    // code that cannot run is found before anything is touched
    const serves = past && edits.length === 1 && !ended && fresh.bad !== 'throw' && !this.#throws()
    if (serves && (!snapshot || (fresh.bad && snapshot.pid !== past.pid)))
      return ['the old code does not serve any more']
    return []
  }

  #throws(): boolean {
    return this.#app.world.modules.some(({ fault }) => fault === 'throw')
  }

  /**
   * A failure that the app catches is told if the module has run in this process before, unless it is thrown by the module itself: then
   * it is as the app wants it. `isReloaded`: an edit of the burst has reloaded the program, and a module that only questions load may
   * have gone with that before the edit that breaks it came.
   */
  #mustTell(before: Before, fresh: Fresh, isSame: boolean, isReloaded = false): boolean {
    const eager = new Set([0])
    for (const id of eager)
      for (const { to, kind } of this.#app.world.modules[id]!.imports) if (kind !== 'lazy') eager.add(to)
    return (
      fresh.bad !== undefined ||
      (isSame &&
        [...fresh.soft].some(
          ([id, bad]) => bad === 'link' && before.fresh.live[`m${id}`] && (!isReloaded || eager.has(id)),
        ))
    )
  }

  /** A hot update leaves alone what does not depend on what has changed, and what is kept. */
  #lost(
    edits: readonly Edit[],
    before: Before,
    fresh: Fresh,
    past: Snapshot | undefined,
    now: Snapshot,
    role: Role,
  ): string[] {
    const isReload = /program reload|restarted:|disconnected/.test(this.#said(role))
    if (
      !past ||
      past.pid !== now.pid ||
      isReload ||
      before.fresh.bad ||
      before.fresh.soft.size > 0 ||
      edits.length !== 1
    )
      return []
    const ids = edits.flatMap((edit) => ('id' in edit ? [edit.id] : []))
    const touched = new Set([...dependents(before.world, ids), ...dependents(this.#app.world, ids)])
    return Object.keys(fresh.live).flatMap((name) => {
      const [old, current] = [past.live[name], now.live[name]]
      if (!old || !current || !before.fresh.live[name]) return []
      const isSame = touched.has(Number(name.slice(1))) || old.uid === current.uid
      const isKept = this.#driver === 'in process' || old.kept?.uid === current.kept?.uid
      return [...(isSame ? [] : [`${name} was evaluated again`]), ...(isKept ? [] : [`what ${name} keeps was lost`])]
    })
  }

  /** Lines that are not true, and those that are missing or said twice. Only single edits after a quiet moment leave no doubt. */
  #lies(role: Role, edits: readonly Edit[], atomic: boolean, before: Before, fresh: Fresh): string[] {
    const [edit] = edits
    if (edits.length !== 1 || !edit || this.#isStale(role) || this.#stale !== undefined) return []
    if (!['value', 'import', 'unimport', 'export', 'unexport', 'fault', 'heal'].includes(edit.op) || !('id' in edit))
      return []
    const lines = this.#said(role).split('\n')
    const successes = lines.filter((line) => SUCCESS.test(line))
    const failures = lines.filter((line) => FAILURE.test(line))
    const isGood = !fresh.bad && fresh.soft.size === 0
    const wasGood = !before.fresh.bad && before.fresh.soft.size === 0
    const isReached = fresh.live[`m${edit.id}`] !== undefined || before.fresh.live[`m${edit.id}`] !== undefined
    const isJson = this.#app.world.modules[edit.id]!.type === 'json'
    const lies: string[] = []
    // one of an edit before, which was bad as well, may come late
    if (isGood && wasGood && failures.length > 0) lies.push(`a failure was told of a good edit: ${failures[0]}`)
    if (isGood && wasGood && !isJson) {
      // a runner's own log has a line for each boundary; of a file that is written over, the watcher may see two saves
      // and what is invalidated is updated once more
      const invalidates = this.#app.world.modules.some(({ imports }) =>
        imports.some(({ kind }) => kind === 'invalidate'),
      )
      const isMany = role === 'attached' || invalidates || this.#driver === 'in process' || !atomic
      const isOnce = successes.length >= 1 && successes.length <= (isMany ? MANY : 1)
      if (isReached ? !isOnce : successes.length > 0) lies.push(`${successes.length} lines of success`)
      const isDouble =
        atomic &&
        !invalidates &&
        new Set(successes.map((line) => line.replace(/\d+ ms|^[\d:]+ [AP]M/g, ''))).size < successes.length
      if (isDouble) lies.push(`said twice: ${successes[0]}`)
    }
    const broke = wasGood && !isGood && isReached && this.#mustTell(before, fresh, true)
    // `program reload` is what a runner of its own says when it begins one
    if (broke && successes.some((line) => line.includes('hot updated')))
      lies.push('an edit that failed was called a success')
    return lies
  }
}

interface Before {
  world: World
  fresh: Fresh
  snapshots: Map<Role, Snapshot | undefined>
}

/** The answers of the app that a fresh process would not give. */
function differences(fresh: Fresh, snapshot: Snapshot): string[] {
  const found: string[] = []
  for (const [name, { v, parts }] of Object.entries(fresh.live)) {
    const own = snapshot.live[name]
    if (!own) found.push(`${name} is not there`)
    else if (own.v !== v || own.parts.join() !== parts.join()) {
      found.push(`${name} answers ${own.v} [${own.parts}] instead of ${v} [${parts}]`)
    } else if (own.kept && !own.kept.alive) found.push(`what ${name} keeps is disposed`)
  }
  for (const name of Object.keys(snapshot.live)) if (!fresh.live[name]) found.push(`${name} is still there`)
  for (const name of Object.keys(fresh.live)) {
    const count = snapshot.kept.filter(({ id }) => id === name).length
    if (snapshot.live[name]?.kept && count !== 1) found.push(`${name} keeps ${count} values`)
  }
  return found
}

/** The first and the last lines. */
function shortened(text: string): string {
  const lines = text.split('\n')
  return lines.length > 80
    ? [...lines.slice(0, 40), `... ${lines.length - 80} lines`, ...lines.slice(-40)].join('\n')
    : text
}
