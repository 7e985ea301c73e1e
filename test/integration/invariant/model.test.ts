/** The oracle of the invariant's test is a model; this is what makes it credible: plain node says the same of the same apps. */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { scriptOf } from '../../support/invariant-check.ts'
import { applyEdit } from '../../support/invariant-edits.ts'
import { type Fresh, freshly, resolve, textOf, type World } from '../../support/invariant-model.ts'

const HARNESS = readFileSync(join(import.meta.dirname, '../../fixtures/invariant/harness.mjs'), 'utf8')

/** The same modules for plain node, which does not guess extensions: each specifier is the path of the file that it means. */
function plain(world: World): Record<string, string> {
  const fileOf = (id: number) => `m${id}.mjs`
  const files: Record<string, string> = {}
  for (const module of world.modules) {
    if (module.absent) continue
    if (module.type === 'json') {
      files[fileOf(module.id)] = module.fault ? 'const = 1' : `export default { n: ${module.n} }`
      continue
    }
    const imports = module.imports.map((each) => {
      const target = resolve(world, module, each.spec)
      return { ...each, spec: target ? `./${fileOf(target.id)}` : './nowhere.mjs' }
    })
    files[fileOf(module.id)] = textOf({ ...module, imports })
  }
  return files
}

/** Evaluates each app in plain node: what its modules answer, or `undefined` if it does not run. */
async function runInNode(worlds: readonly World[]): Promise<(Fresh['live'] | null)[]> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'tether-plain-')))
  try {
    const write = (file: string, text: string) => {
      mkdirSync(dirname(join(folder, file)), { recursive: true })
      writeFileSync(join(folder, file), text)
    }
    write('node_modules/vite-tether/package.json', '{ "type": "module", "exports": { "./keep": "./keep.mjs" } }')
    write('node_modules/vite-tether/keep.mjs', 'export const keep = (key, create) => create()')
    for (const [index, world] of worlds.entries()) {
      // one each: what a failed app still loads must not answer for the next
      write(`${index}/node_modules/harness/package.json`, '{ "type": "module", "exports": "./index.mjs" }')
      write(`${index}/node_modules/harness/index.mjs`, HARNESS)
      for (const [file, text] of Object.entries(plain(world))) write(`${index}/${file}`, text)
    }
    write(
      'run.mjs',
      `const all = []
      for (let index = 0; index < ${worlds.length}; index++) {
        const { harness } = await import('./' + index + '/node_modules/harness/index.mjs')
        const runs = await import('./' + index + '/m0.mjs').then(() => true, () => false)
        all.push(runs ? (await harness.ask()).live : null)
      }
      console.log(JSON.stringify(all))`,
    )
    const { stdout } = await promisify(execFile)(process.execPath, [join(folder, 'run.mjs')])
    const answers = JSON.parse(stdout) as (Fresh['live'] | null)[]
    const plainly = (live: Fresh['live']) => Object.entries(live).map(([name, { v, parts }]) => [name, { v, parts }])
    return answers.map((live) => live && Object.fromEntries(plainly(live)))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

test('what the model expects of random apps after random edits is what plain node answers', async () => {
  const count = 100
  const worlds = Array.from({ length: count }, (_, index) => {
    const { app, steps } = scriptOf(index + 1, index % 4 === 0 ? 'in process' : 'standby', 2 + (index % 8))
    for (const { edits } of steps) for (const edit of edits) applyEdit(app.world, edit)
    return app.world
  })
  const outcomes = { good: 0, bad: 0, soft: 0 }
  for (const [index, said] of (await runInNode(worlds)).entries()) {
    const fresh = freshly(worlds[index]!)
    const outcome = fresh.bad ? 'bad' : fresh.soft.size > 0 ? 'soft' : 'good'
    outcomes[outcome]++
    if (outcome === 'bad') expect(said, `app ${index}`).toBe(null)
    // what has run behind an import() that failed and was caught answers too
    else if (outcome === 'soft') expect(said, `app ${index}`).toMatchObject(fresh.live)
    else expect(said, `app ${index}`).toEqual(fresh.live)
  }
  expect(outcomes.good).toBeGreaterThan(count / 4)
  expect(outcomes.bad).toBeGreaterThan(0)
  expect(outcomes.soft).toBeGreaterThan(0)
})
