/** The code of a built server does what it did in dev. */
import { readdirSync, symlinkSync } from 'node:fs'
import { expect, test } from 'vitest'
import { askAt, build, createFullStack, startAt } from '../../support/built-app.ts'

test('code of every kind runs in production as in dev', async () => {
  const project = createFullStack(
    {
      '.env': 'VITE_GREETING=hello',
      'tsconfig.json': '{ "compilerOptions": { "paths": { "#lib/*": ["./src/lib/*"] } } }',
      'src/main.ts': `
        import { createRequire } from 'node:module'
        import express from 'express'
        import { keep } from 'vite-tether/keep'
        import { shared } from 'linked'
        import data from './data.json'
        import { add } from '#lib/add'
        import './script.ts'
        declare const __BUILT__: string
        const late = await Promise.resolve('awaited')
        const counter = keep('counter', () => ({ count: 0 }))
        function logged(_method: unknown, context: { name: string }) { names.push(context.name) }
        const names: string[] = []
        class Service { @logged run() {} }
        enum Kind { One = 'one' }
        if (import.meta.hot) import.meta.hot.accept()
        const { SSR, VITE_GREETING } = import.meta.env
        export default {
          async fetch({ url }: Request) {
            const { pathname } = new URL(url)
            if (pathname === '/where') return new Response(new Error('here').stack)
            if (pathname !== '/api') return new Response('', { status: 404 })
            const { text } = await import('./dynamic.ts')
            const own = createRequire(import.meta.url)('node:path').sep
            counter.count++
            return Response.json([
              ...[SSR, VITE_GREETING, __BUILT__, late, counter.count, names, Kind.One, shared('x'), data.name, add(1, 2)],
              ...[text, typeof express, own, new Service() instanceof Service, globalThis.script],
            ])
          },
        }
      `,
      'src/script.ts': 'for await (const each of [1]) (globalThis as any).script = each + (module.hot ? 1 : 1)',
      'src/dynamic.ts': "export const text = 'dynamic'",
      'src/data.json': '{ "name": "data" }',
      'src/lib/add.ts': 'export const add = (a: number, b: number): number => a + b',
      'packages/linked/package.json': '{ "name": "linked", "type": "module", "exports": "./index.ts" }',
      'packages/linked/index.ts': "export const shared = (text: string): string => 'linked ' + text",
    },
    "{ entry: 'src/main.ts', build: true }",
    "ssr: { external: ['vite-tether'] }, define: { __BUILT__: '\"defined\"' }",
  )
  // as package managers link the packages of a workspace
  symlinkSync(project.path('packages/linked'), project.path('node_modules/linked'), 'junction')
  // vite-tether is external as where it is installed, and the server runs without it
  await build(project)
  const modules = readdirSync(project.path('dist/server/assets')).filter((name) => name.endsWith('js'))
  for (const name of modules) expect(project.read(`dist/server/assets/${name}`)).not.toMatch(/from "vite-tether/)
  const told = '[true,"hello","defined","awaited",1,["run"],"one","linked x","data",3,"dynamic","function","/",true,2]'
  for (const place of ['dev', 'production'] as const) {
    const { port, app } = await startAt(place, project, '/where')
    expect({ place, told: (await askAt(port, '/api')).body }).toEqual({ place, told })
    // the line of the source, in both
    expect((await askAt(port, '/where')).body).toMatch(/src[\\/]main\.ts:2[0-9]:\d+/)
    await app.end()
  }
  const built = project.read('dist/server/index.js')
  expect(built).not.toContain('import.meta.hot')
}, 60_000)
