/** TypeScript as people have it, without a Vite config. */
import { mkdirSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { createProject } from '../support/project.ts'
import { startServer } from '../support/tether.ts'

const require = createRequire(import.meta.url)
const tsconfig = (options: object) =>
  JSON.stringify({ compilerOptions: { module: 'commonjs', strict: true, ...options } })
const RESULT = (...values: string[]) => `console.log('result ' + JSON.stringify([${values}]))`

/** The work of `reflect-metadata`, in short. */
const METADATA = {
  'node_modules/metadata/index.js': `const found = new Map()
    Reflect.metadata = (key, value) => (target, name) => { found.set(key + ' ' + (target.name ?? target.constructor.name) + ' ' + name, value) }
    exports.get = (key) => found.get(key)?.map(({ name }) => name)`,
}

test('legacy decorators with metadata: of classes, of types of packages, of interfaces', async () => {
  const { result } = await startApp({
    ...METADATA,
    'tsconfig.json': tsconfig({ target: 'es2021', experimentalDecorators: true, emitDecoratorMetadata: true }),
    'node_modules/web/package.json': '{ "main": "index.js", "types": "index.d.ts" }',
    'node_modules/web/index.js': 'exports.Router = class Router {}',
    'node_modules/web/index.d.ts': 'export interface Response { send(): void }\nexport class Router {}',
    'src/main.ts': `import { get } from 'metadata'
      import { Response, Router } from 'web'
      import { Options, Service } from './service'
      const Injectable = (): ClassDecorator => () => {}
      const Get = (): MethodDecorator => () => {}
      const Res = (): ParameterDecorator => () => {}
      @Injectable()
      class Controller {
        constructor(private readonly service: Service, options: Options) {}
        @Get() handle(@Res() response: Response, router: Router, id: string) {}
      }
      ${RESULT(
        "get('design:paramtypes Controller undefined')",
        "get('design:paramtypes Controller handle')",
        'Object.keys(new Controller(new Service(), {}))',
      )}`,
    'src/service.ts': 'export interface Options { a?: 1 }\nexport class Service {}',
  })
  expect(await result()).toEqual([['Service', 'Object'], ['Object', 'Router', 'String'], ['service']])
})

const STANDARD = {
  'tsconfig.json': tsconfig({ target: 'es2022' }),
  'src/main.ts': `interface Line { gone: true }
    const log: string[] = []
    function named(value: unknown, context: DecoratorContext) { log.push(context.kind + ' ' + String(context.name)) }
    @named
    class A {
      @named method() { return new Error('x').stack!.split('\\n')[1] }
      @named accessor field = 1
    }
    ${RESULT('log', 'new A().field', 'new A().method()')}
    export {}`,
}

test.each(['esbuild', 'typescript'])('standard decorators, with %s in the project', async (name) => {
  const project = createProject(STANDARD)
  mkdirSync(project.path('node_modules'))
  symlinkSync(dirname(require.resolve(`${name}/package.json`)), project.path(`node_modules/${name}`))
  const { line } = await startServer(project.root, { entry: 'src/main.ts' })
  const [log, field, frame] = JSON.parse((await line(/^result /)).slice('result '.length))
  expect(log.sort()).toEqual(['accessor field', 'class A', 'method method'])
  expect([field, frame]).toEqual([1, expect.stringContaining('/src/main.ts:6:')])
})

test('standard decorators that nothing in the project compiles are named, with the way out', async () => {
  const { line } = await startApp(STANDARD)
  await line(/src\/main\.ts has standard decorators, which neither Node nor Vite compiles\. Install a compiler/)
})

test('const enums, class fields by target, JSON, paths and baseUrl, aliases of package.json', async () => {
  const { result } = await startApp({
    'package.json':
      '{ "imports": { "#lib/*": "./src/lib-*.ts", "#env": { "development": "./src/dev.ts", "default": "./src/x.ts" } } }',
    'tsconfig.json': tsconfig({
      target: 'es2021',
      baseUrl: './src',
      paths: { '@app/*': ['app/*'] },
      ignoreDeprecations: '6.0',
    }),
    'src/main.ts': `import data, { a } from './data.json'
      import { x } from '@app/x'
      import { base } from 'util/base'
      import { lib } from '#lib/a'
      import { Level } from './level'
      const enum Own { Low = 1, High }
      class Base { constructor() { (this as unknown as Derived).init() } }
      class Derived extends Base { field?: string; init() { this.field = 'kept' } }
      ${RESULT('data.a', 'a', 'x', 'base', 'lib', 'Level.High', 'Own.High', 'new Derived().field', "require('./data.json').a")}`,
    'src/data.json': '{ "a": 1 }',
    'src/app/x.ts': "export const x = 'by path'",
    'src/util/base.ts': "export const base = 'by baseUrl'",
    'src/lib-a.ts': "export const lib = 'by imports'",
    'src/level.ts': 'export const enum Level { Low = 1, High }',
  })
  expect(await result()).toEqual([1, 1, 'by path', 'by baseUrl', 'by imports', 2, 2, 'kept', 1])
})

test('class fields are defined, not assigned, from ES2022 on', async () => {
  const { result } = await startApp({
    'tsconfig.json': tsconfig({ target: 'es2022' }),
    'src/main.ts': `class Base { constructor() { (this as unknown as Derived).init() } }
      class Derived extends Base { field?: string; init() { this.field = 'lost' } }
      ${RESULT('new Derived().field ?? null')}
      export {}`,
  })
  expect(await result()).toEqual([null])
})

test('a linked workspace package in source is compiled by its own tsconfig.json and updated in place', async () => {
  const project = createProject({
    'package.json': '{ "workspaces": ["apps/*", "packages/*"] }',
    'apps/api/package.json': '{ "type": "module", "dependencies": { "@ws/shared": "*" } }',
    'apps/api/src/main.ts': `import { greet } from '@ws/shared'
      let current = greet
      console.log('first ' + current())
      import.meta.hot?.accept('@ws/shared', (next) => { current = next!.greet; console.log('then ' + current()) })
      setInterval(() => {}, 1e9)`,
    'packages/shared/package.json': '{ "name": "@ws/shared", "type": "module", "exports": "./src/index.ts" }',
    'packages/shared/tsconfig.json': '{ "compilerOptions": { "paths": { "~/*": ["./src/*"] } } }',
    'packages/shared/src/index.ts': "import { text } from '~/text'\nexport const greet = (): string => text",
    'packages/shared/src/text.ts': "export const text: string = 'v1'",
  })
  mkdirSync(project.path('node_modules/@ws'), { recursive: true })
  symlinkSync('../../packages/shared', project.path('node_modules/@ws/shared'))
  const { line, lines } = await startServer(project.path('apps/api'), { entry: 'src/main.ts' })
  await line(/^first v1/)
  project.edit('packages/shared/src/text.ts', 'v1', 'v2')
  await line(/^then v2/)
  expect(lines.filter((each) => each.includes('restarted'))).toEqual([])
})

test('a .cts file that imports is compiled as any other; a stack names its line', async () => {
  const { result, line } = await startApp(
    {
      'package.json': '{ "type": "module" }',
      'src/main.cts': `interface Gone { a: 1 }
        import { value } from './value.ts'
        import { fail } from './fail.cts'
        ${RESULT('value', 'require.main!.filename === __filename')}
        const gone: Gone = { a: 1 }
        fail(gone.a)`,
      'src/value.ts': "export const value: string = 'value'",
      'src/fail.cts':
        "interface Gone { a: 1 }\nexport const fail = (_: number): never => {\n  throw new Error('failed')\n}",
    },
    { entry: 'src/main.cts' },
  )
  expect(await result()).toEqual(['value', true])
  await line(/Error: failed/)
  await line(/src\/fail\.cts:3:9/)
})

test('a linked package is resolved by the conditions that flags of node name', async () => {
  const project = createProject({
    'package.json': '{ "workspaces": ["packages/*"], "type": "module" }',
    'main.ts': "import { from } from 'linked'\nconsole.log('from ' + from)",
    'packages/linked/package.json':
      '{ "name": "linked", "type": "module", "exports": { "source": "./source.ts", "default": "./built.js" } }',
    'packages/linked/source.ts': "export const from: string = 'source'",
    'packages/linked/built.js': "export const from = 'built'",
  })
  mkdirSync(project.path('node_modules'))
  symlinkSync('../packages/linked', project.path('node_modules/linked'))
  const { line } = await startServer(project.root, { entry: 'main.ts', execArgv: ['--conditions', 'source'] })
  expect(await line(/^from/)).toBe('from source')
})

test('in a package that is not of type module, what is imported from CommonJS is what a compiler’s require() gives', async () => {
  const dependencies = {
    // as compilers write `export default`
    'node_modules/compiled/package.json': '{}',
    'node_modules/compiled/index.js': `Object.defineProperty(exports, '__esModule', { value: true })
      exports.default = class Compiled {}
      exports.named = 'named'`,
    // names that no lexer finds
    'node_modules/bundled/package.json': '{}',
    'node_modules/bundled/index.js': 'module.exports = (() => ({ one: 1, two: 2 }))()',
    'src/own.js': "exports.__esModule = true\nexports.default = 'own'",
  }
  const main = `import Compiled, { named } from 'compiled'
    import bundled, { one } from 'bundled'
    import own from './own'
    import { Again } from './again'
    const late = async () => (await import('compiled')).default
    late().then((Late) => { ${RESULT('Compiled.name', 'named', 'bundled', 'one', 'own', 'Again === Compiled', 'Late.name')} })`
  const again = "export { default as Again } from 'compiled'\nexport const type: string = 'x'"
  const app = await startApp({ ...dependencies, 'src/main.ts': main, 'src/again.ts': again })
  expect(await app.result()).toEqual(['Compiled', 'named', { one: 1, two: 2 }, 1, 'own', true, 'Compiled'])

  const esm = await startApp({
    ...dependencies,
    'package.json': '{ "type": "module" }',
    'src/main.ts': `import Compiled from 'compiled'\n${RESULT('typeof Compiled', 'Object.keys(Compiled)')}`,
  })
  expect(await esm.result()).toEqual(['object', ['default', 'named']])
})

test('using, for a Node that does not know it', async () => {
  const { line } = await startApp({
    'package.json': '{ "type": "module" }',
    'src/main.ts': `const closes = (name: string) => ({ [Symbol.dispose ?? Symbol.for('Symbol.dispose')]: () => console.log('closed ' + name) })
      {
        using file: Disposable = closes('file') as Disposable
        console.log('open ' + typeof file)
      }`,
  })
  await line(/^open object/)
  await line(/^closed file/)
})
