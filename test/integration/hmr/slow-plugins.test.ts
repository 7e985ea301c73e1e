/** A save while a plugin takes its time: the code from before it is given to nobody once Vite has heard of the save. */
import { basename } from 'node:path'
import type { Plugin } from 'vite'
import { expect, test } from 'vitest'
import { drivers } from '../../support/hmr-driver.ts'

/** Holds up what `hold` is called by, from `close()` until `open()`. */
function createGate() {
  let opened = Promise.resolve()
  let open = () => {}
  let arrive = () => {}
  let arrived = Promise.resolve()
  return {
    close() {
      opened = new Promise((resolve) => (open = resolve))
      arrived = new Promise((resolve) => (arrive = resolve))
    },
    open: () => open(),
    arrived: () => arrived,
    hold() {
      arrive()
      return opened
    },
  }
}

/** Tells when Vite has handled a change of `name`. */
function heardOf(name: string) {
  let heard = () => {}
  const plugin: Plugin = {
    name: 'heard',
    hotUpdate: {
      order: 'post',
      handler({ file }) {
        if (this.environment.name === 'ssr' && file.endsWith(name)) setImmediate(() => setImmediate(heard))
      },
    },
  }
  return { plugin, next: () => new Promise<void>((resolve) => (heard = resolve)) }
}

const HOW = ['saved', 'removed and made again']

/** The ways in which a lazy module gets the one whose transform takes long. */
const SPELLINGS: Record<string, (leaf: string) => string> = {
  'a static import': (leaf) => `import { n } from './${leaf}'; export const get = () => n`,
  'a re-export': (leaf) =>
    `export { n } from './${leaf}'; import * as self from './lazy.js'; export const get = () => self.n`,
  'an import()': (leaf) => `export const get = async () => (await import('./${leaf}')).n`,
  'an awaited import()': (leaf) => `const { n } = await import('./${leaf}'); export const get = () => n`,
}

const LEAVES: Record<string, (n: number) => string> = {
  'leaf.js': (n) => `export const n = ${n}`,
  'leaf.ts': (n) => `export const n: number = ${n}`,
  'leaf.json': (n) => `{ "n": ${n} }`,
}

const transforms = drivers.flatMap((driver) =>
  Object.keys(SPELLINGS).flatMap((spelling) =>
    Object.keys(LEAVES).flatMap((leaf) => HOW.map((how) => ({ driver, name: driver.name, spelling, leaf, how }))),
  ),
)

test.each(transforms)('$leaf behind $spelling is $how while it is transformed, $name', async (each) => {
  const gate = createGate()
  const heard = heardOf(each.leaf)
  const slow: Plugin = {
    name: 'slow',
    enforce: 'pre',
    transform: async (_code, id) => (id.endsWith(each.leaf) ? void (await gate.hold()) : undefined),
  }
  const app = await each.driver.start({
    entry: '/main.js',
    plugins: [slow, heard.plugin],
    files: {
      'main.js': `export const ask = async () => (await import('./lazy.js')).get(); import.meta.hot.accept()`,
      'lazy.js': SPELLINGS[each.spelling]!(each.leaf),
      [each.leaf]: LEAVES[each.leaf]!(1),
    },
  })
  const ask = async () => (await app.import('/main.js')).ask()
  gate.close()
  const first = ask()
  await gate.arrived()
  if (each.how === 'removed and made again') {
    const removed = heard.next()
    app.remove(each.leaf)
    await removed
  }
  const saved = heard.next()
  app.write(each.leaf, LEAVES[each.leaf]!(2))
  await saved
  const second = ask()
  gate.open()
  expect([1, 2]).toContain(await first)
  expect([1, 2]).toContain(await second)
  await expect.poll(ask).toBe(2)
})

const MIDS: Record<string, (version: number) => string> = {
  'a static import': (version) => `import { n } from './leaf.js'; export const get = () => '${version} ' + n`,
  'a re-export': (version) =>
    `export * from './leaf.js'; import { n } from './leaf.js'; export const get = () => '${version} ' + n`,
  'an awaited import()': (version) =>
    `const { n } = await import('./leaf.js'); export const get = () => '${version} ' + n`,
}

const hooks = drivers.flatMap((driver) =>
  Object.keys(MIDS).flatMap((spelling) => HOW.map((how) => ({ driver, name: driver.name, spelling, how }))),
)

test.each(hooks)(
  'what a module gets by $spelling is saved, then it is $how, and a hotUpdate hook tells of that later, $name',
  async (each) => {
    const gates = { 'leaf.js': createGate(), 'mid.js': createGate() }
    const slow: Plugin = {
      name: 'slow',
      hotUpdate: ({ file }) => gates[basename(file) as 'mid.js']?.hold(),
    }
    const mid = MIDS[each.spelling]!
    const app = await each.driver.start({
      entry: '/main.js',
      plugins: [slow],
      files: {
        'main.js': `import { get } from './mid.js'; export const ask = get; import.meta.hot.accept()`,
        'mid.js': mid(1),
        'leaf.js': `export const n = 1`,
      },
    })
    const ask = async () => (await app.import('/main.js')).ask()
    const told = (event: 'unlink' | 'add' | 'change', name: string) =>
      new Promise<void>((resolve) => app.server.watcher.on(event, (file: string) => file.endsWith(name) && resolve()))
    for (const gate of Object.values(gates)) gate.close()
    const leaf = told('change', 'leaf.js')
    app.write('leaf.js', `export const n = 2`)
    await leaf
    if (each.how === 'removed and made again') {
      const unlink = told('unlink', 'mid.js')
      app.remove('mid.js')
      await unlink
    }
    const saved = told(each.how === 'saved' ? 'change' : 'add', 'mid.js')
    // renamed, because a file that is written where there was none may be told twice, as added and as changed
    app.write('mid.txt', mid(2))
    app.rename('mid.txt', 'mid.js')
    await Promise.all([saved, gates['mid.js'].arrived()])
    await app.after(() => gates['leaf.js'].open())
    gates['mid.js'].open()
    await expect.poll(ask).toBe('2 2')
  },
)
