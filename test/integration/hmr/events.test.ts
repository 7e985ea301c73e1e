import type { Plugin } from 'vite'
import { expect, test } from 'vitest'
import { drivers } from '../../support/hmr-driver.ts'

for (const { name, start } of drivers) {
  test(`a module asks, the server answers that runner, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      plugins: [
        {
          name: 'adder',
          configureServer: ({ environments: { ssr } }) =>
            ssr.hot.on('add', ({ a, b }, client) => client.send('sum', { sum: a + b })),
        },
      ],
      files: {
        'entry.js': `
          import.meta.hot.on('sum', ({ sum }) => log('sum ' + sum))
          export const add = (a, b) => import.meta.hot.send('add', { a, b })
          add(1, 2)`,
      },
    })
    await app.until(() => app.logs.includes('sum 3'))
    const { add } = await app.import('/entry.js')
    await app.logsAfter(() => add(3, 4), 'sum 7')
  })

  test(`the server sends to every runner, from a hook too, and off() ends listening, ${name}`, async () => {
    const onSave: Plugin = {
      name: 'on-save',
      async hotUpdate({ file, read }) {
        if (this.environment.name !== 'ssr' || !file.endsWith('custom.txt')) return
        this.environment.hot.send('saved', { text: (await read()).trim() })
      },
    }
    const app = await start({
      entry: '/entry.js',
      plugins: [onSave],
      files: {
        'entry.js': `
          import.meta.hot.on('saved', ({ text }) => log('always ' + text))
          const once = ({ text }) => { log('once ' + text); import.meta.hot.off('saved', once) }
          import.meta.hot.on('saved', once)`,
        'custom.txt': 'zero',
      },
    })
    await app.logsAfter(() => app.write('custom.txt', 'one'), 'once one')
    await app.logsAfter(() => app.write('custom.txt', 'two'), 'always two')
    expect(app.logs).toEqual(['always one', 'once one', 'always two'])
  })

  test(`listeners of a replaced module are gone, also when the new code does not touch import.meta.hot, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      files: {
        'entry.js': `import './listener'; import.meta.hot.accept('./listener', () => {}); import.meta.hot.on('ping', () => log('entry heard'))`,
        'listener.js': `import.meta.hot.on('ping', () => log('listener 1 heard'))`,
      },
    })
    const ping = () => app.logsAfter(() => app.server.environments.ssr.hot.send('ping', {}), 'entry heard')
    await app.after(() => app.edit('listener.js', 'listener 1', 'listener 2'))
    app.said()
    await ping()
    expect(app.said().toSorted()).toEqual(['entry heard', 'listener 2 heard'])
    await app.after(() => app.write('listener.js', `export const silent = true`))
    app.said()
    await ping()
    expect(app.said()).toEqual(['entry heard'])
    await app.after(() => app.write('listener.js', `export const silent = false`))
    expect(app.reports.at(-1)).toMatchObject({ outcome: 'updated' })
  })

  test(`a listener survives an update that fails, and hears an event once, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      files: {
        'entry.js': `import './dep'; import.meta.hot.on('ping', () => log('heard')); import.meta.hot.accept()`,
        'dep.js': `export const n = 1; import.meta.hot.on('ping', () => log('dep heard')); import.meta.hot.dispose(() => {})`,
      },
    })
    await app.after(() => app.edit('dep.js', 'n = 1', `n = 2; throw new Error('no')`))
    app.said()
    await app.logsAfter(() => app.server.environments.ssr.hot.send('ping'), /^heard/)
    await app.until(() => app.logs.includes('dep heard'))
    expect(app.said().toSorted()).toEqual(['dep heard', 'heard'])
  })

  test(`a listener that throws is reported and keeps nobody else from hearing, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      files: {
        'entry.js': `
          import.meta.hot.on('ping', () => { throw new Error('deaf') })
          import.meta.hot.on('ping', () => log('heard'))`,
      },
    })
    app.server.environments.ssr.hot.send('ping')
    await app.until(() => app.logs.length >= 2)
    expect(app.logs.toSorted()).toEqual([expect.stringMatching(/a listener of ping failed: Error: deaf/), 'heard'])
  })

  test(`a plugin can ask for a full reload, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      files: {
        'entry.js': `log('entry'); import.meta.hot.accept(); import.meta.hot.on('vite:beforeFullReload', () => log('before reload'))`,
      },
    })
    app.said()
    await app.after(() => app.server.environments.ssr.hot.send({ type: 'full-reload' }))
    expect(app.said()).toEqual(['before reload', 'entry', '[vite-tether] program reload'])
  })

  test(`a plugin that invalidates modules itself and reports with an event of its own is left to it, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      plugins: [
        {
          name: 'own-way',
          hotUpdate({ file, modules, timestamp }) {
            if (this.environment.name !== 'ssr' || !file.endsWith('dep.js')) return undefined
            const seen = new Set<never>()
            for (const module of modules) this.environment.moduleGraph.invalidateModule(module, seen, timestamp, true)
            this.environment.hot.send('own-way', {})
            return []
          },
        },
      ],
      files: {
        'entry.js': `import './dep'; import './sentinel'; import.meta.hot.on('own-way', () => log('own way'))`,
        'dep.js': `log('dep 1')`,
        'sentinel.js': `export const n = 1; import.meta.hot.accept()`,
      },
    })
    await app.logsAfter(() => app.edit('dep.js', 'dep 1', 'dep 2'), 'own way')
    await app.after(() => app.edit('sentinel.js', '1', '2'))
    expect(app.logs).toEqual(['dep 1', 'own way', '[vite-tether] hot updated: /sentinel.js'])
  })

  test(`an error of the server reaches vite:error and the log, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      plugins: [
        {
          name: 'fails',
          hotUpdate({ file }) {
            if (this.environment.name === 'ssr' && file.endsWith('dep.js')) throw new Error('hook failed')
          },
        },
      ],
      files: {
        'entry.js': `import './dep'; import.meta.hot.on('vite:error', ({ err }) => log('heard ' + err.message))`,
        'dep.js': 'log(1)',
      },
    })
    await app.logsAfter(() => app.edit('dep.js', '1', '2'), 'heard hook failed')
    expect(app.logs).toContainEqual(expect.stringMatching(/^\[vite-tether\] .*hook failed/))
  })

  test(`connecting is an event on the channel, ${name}`, async () => {
    const events: string[] = []
    await start({
      entry: '/entry.js',
      plugins: [
        {
          name: 'count',
          configureServer: ({ environments: { ssr } }) => {
            ssr.hot.on('vite:client:connect', () => events.push('connect'))
            ssr.hot.on('vite:client:disconnect', () => events.push('disconnect'))
          },
        },
      ],
      files: { 'entry.js': '' },
    })
    expect(events).toEqual(['connect'])
  })
}
