/** Small apps, each with what people do in one: they are run under tsx and under the command, and compared. */
import { type App, COMMONJS, cjs, es, MODULE, tsconfig } from './tsx-app.ts'
import { processes } from './tsx-processes.ts'

const COMPILED = {
  'node_modules/compiled/package.json': '{}',
  'node_modules/compiled/index.js':
    "Object.defineProperty(exports, '__esModule', { value: true }); exports.default = class Compiled {}; exports.y = 'y'",
  'node_modules/bundled/package.json': '{}',
  'node_modules/bundled/index.js': 'module.exports = (() => ({ a: 1, b: 2 }))()',
}
const IMPORTS = {
  'node_modules/lib/package.json': '{}',
  'node_modules/lib/index.js': 'exports.load = (id) => import(id)',
}

const commonJs: Record<string, App> = {
  'CommonJS: sloppy mode, JSON, top-level return, octal literals': {
    files: {
      ...COMMONJS,
      'main.js':
        "implicit = 010; console.log(require.main === module, implicit, this === exports, arguments.length, require('./d.json')); return",
      'd.json': '{ "a": 1 }',
    },
    entry: 'main.js',
  },
  'CommonJS: require.cache, what is missing': {
    files: {
      ...COMMONJS,
      'main.js': `const a = require('./x'); delete require.cache[require.resolve('./x')]; console.log(a === require('./x'))
        for (const id of ['nope', './nope']) try { require(id) } catch (error) { console.log(error.code) }`,
      'x.js': 'module.exports = {}',
    },
    entry: 'main.js',
  },
  'CommonJS: what node says of itself, where tsx does not': {
    files: { ...COMMONJS, 'main.js': 'console.log(module.id, module.parent)' },
    entry: 'main.js',
    differs: '. null\n',
  },
  'TypeScript: import = require(), export =': cjs(
    "import cfg = require('./cfg'); console.log(cfg.n, require.main === module); export = cfg",
    { 'cfg.ts': 'const cfg = { n: 1 }; export = cfg' },
  ),
  'TypeScript meant for CommonJS: variables, late require(), aliases in require()': cjs(
    "import fs from 'fs'; const { x } = require('@/x'); console.log(typeof fs.readFileSync, typeof module, __dirname.length > 0, x)",
    { ...tsconfig({ paths: { '@/*': ['./lib/*'] } }), 'lib/x.ts': 'export const x: number = 1' },
  ),
  'TypeScript meant for CommonJS: defaults and names of what was compiled or bundled': cjs(
    `import K, { y } from 'compiled'; import { a } from 'bundled'; import own from './own'; import { Again } from './again'
     console.log(K.name, y, a, own, Again === K)`,
    {
      ...COMPILED,
      'own.js': "exports.__esModule = true; exports.default = 'own'",
      'again.ts': "export { default as Again } from 'compiled'",
    },
  ),
  'TypeScript meant for CommonJS: names that are hidden, inherited, late, not there': cjs(
    `import { nope, a } from 'bundled'; import { hi, get } from 'instance'; import { late } from 'late'; import * as whole from 'bundled'
     import { nope as newer } from 'fs'; import { nope as own } from './own'; import { nope as file } from './file.cjs'; import { b, zip } from './re'
     console.log(nope, a, typeof hi, get, late, Object.keys(whole).sort().join(), newer, own, file, b, zip)
     require('late').come(); console.log(late)`,
    {
      ...COMPILED,
      'node_modules/instance/package.json': '{}',
      'node_modules/instance/index.js':
        'class Instance { #n = 1; hi() {}; get get() { return this.#n } }; module.exports = new Instance()',
      'node_modules/late/package.json': '{}',
      'node_modules/late/index.js': "exports.come = () => { exports['la' + 'te'] = 1 }",
      'own.js': 'exports.a = 1',
      'file.cjs': 'exports.a = 1',
      're.ts': "export * from 'bundled'; export { zip } from 'bundled'",
    },
  ),
  'ES modules import CommonJS as under node': es(
    "import K, { y } from 'compiled'; import a, { x } from './a.cjs'; import b from './b.cts'; console.log(typeof K, y, a, x, b)",
    { ...COMPILED, 'a.cjs': 'exports.x = 1', 'b.cts': 'export = { y: 2 as number }' },
  ),
  '.cts with imports': {
    files: {
      ...MODULE,
      'main.cts': "import { x } from './x.cts'; console.log(x)",
      'x.cts': 'export const x: number = 1',
    },
    entry: 'main.cts',
  },
  '.mts in a CommonJS package, top-level await': {
    files: {
      ...COMMONJS,
      'main.mts': "import { x } from './x.mts'; console.log(x); await 1; console.log('then')",
      'x.mts': 'export const x: number = 1',
    },
    entry: 'main.mts',
  },
}

const loading: Record<string, App> = {
  'JSON, names without extension, folders, .js for .ts': es(
    "import d, { a } from './d.json'; import { x } from './x'; import { y } from './y'; import { z } from './z.js'; console.log(d, a, x, y, z)",
    {
      'd.json': '{ "a": 1 }',
      'x.ts': 'export const x = 1',
      'y/index.ts': 'export const y = 2',
      'z.ts': 'export const z = 3',
    },
  ),
  'computed import(), file URLs, data URLs, new Function': es(
    `for (const n of ['a', 'b']) console.log((await import(\`./x/\${n}.ts\`)).default)
     console.log((await import(new URL('./x/a.ts', import.meta.url).href)).default, (await import('data:text/javascript,export default 7' as string)).default)
     console.log((await new Function('id', 'return import(id)')('node:path')).sep)`,
    { 'x/a.ts': "export default 'a' as string", 'x/b.ts': "export default 'b' as string" },
  ),
  'a library that imports files of the app': es(
    "import { load } from 'lib'; console.log((await load(new URL('./x.ts', import.meta.url).href)).x)",
    { ...IMPORTS, 'x.ts': 'export const x: number = 1' },
  ),
  'require() of an ES module is one instance with ours': {
    ...es(
      "import { createRequire } from 'node:module'; import { x } from './x.ts'; console.log(createRequire(import.meta.url)('./x.ts').x === x)",
      { 'x.ts': 'export const x: object = {}' },
    ),
    differs: 'true\n',
  },
  'cycles, live bindings, export *': es(
    "import { a } from './a.ts'; import { n, inc } from './c.ts'; inc(); console.log(a(), n)",
    {
      'a.ts': "import { b } from './b.ts'; export const a = () => 'a' + b(); export const c = 'c'",
      'b.ts': "import { c } from './a.ts'; export const b = () => 'b' + c",
      'c.ts': "export * from './n.ts'",
      'n.ts': 'export let n = 0; export const inc = () => { n++ }',
    },
  ),
  'imports of types only do not run what they name, or do': es(
    "import { T } from './t.ts'; import type { U } from './u.ts'; import './s.ts'; const x: T = 1; console.log(x)",
    {
      't.ts': "console.log('t'); export type T = number",
      'u.ts': "console.log('u'); export type U = 1",
      's.ts': "console.log('s')",
    },
  ),
  'paths and baseUrl': {
    files: {
      ...MODULE,
      ...tsconfig({ baseUrl: './src', paths: { '@/*': ['lib/*'] }, ignoreDeprecations: '6.0' }),
      'src/main.ts': "import { a } from '@/a'; import { b } from 'util/b'; console.log(a, b)",
      'src/lib/a.ts': 'export const a = 1',
      'src/util/b.ts': 'export const b = 2',
    },
    entry: 'src/main.ts',
  },
  'imports of package.json, reference to itself, TypeScript in node_modules': {
    files: {
      'package.json':
        '{ "name": "me", "type": "module", "imports": { "#l/*": "./lib/*.ts" }, "exports": { "./x": "./x.ts" } }',
      'main.ts': "import { a } from '#l/a'; import { x } from 'me/x'; import t from 'ts-package'; console.log(a, x, t)",
      'lib/a.ts': 'export const a = 1',
      'x.ts': 'export const x: number = 1',
      'node_modules/ts-package/package.json': '{ "type": "module", "exports": "./index.ts" }',
      'node_modules/ts-package/index.ts': "export default 'ts' as string",
    },
  },
  'conditions of packages, of linked ones too': {
    ...es("import a from 'a'; import linked from 'linked'; console.log(a, linked)", {
      'node_modules/a/package.json':
        '{ "type": "module", "exports": { "browser": "./no.js", "source": "./source.js", "default": "./no.js" } }',
      'node_modules/a/source.js': "export default 'source'",
      'linked/package.json':
        '{ "name": "linked", "type": "module", "exports": { "source": "./source.ts", "default": "./no.js" } }',
      'linked/source.ts': "export default 'source' as string",
    }),
    links: { 'node_modules/linked': '../linked' },
    flags: ['--conditions=source'],
  },
  'what is missing is said to be, and can be caught': es(
    "for (const id of ['nope', './nope.ts']) try { await import(id) } catch (error) { console.log((error as { code: string }).code) }",
  ),
  'an entry that is a folder': { files: { ...COMMONJS, 'src/index.ts': "console.log('index')" }, entry: 'src' },
  'odd names': {
    files: {
      ...MODULE,
      'ü/ma in#1 %41.ts': "import { x } from './x y%.ts'; console.log(x, import.meta.filename)",
      'ü/x y%.ts': "export const x = 'é'",
    },
    entry: 'ü/ma in#1 %41.ts',
  },
  'a TypeScript file outside of the project that only require() names': {
    files: {
      'app/main.cts': "const { o } = require('../outside/o.cts'); console.log(o)",
      'outside/o.cts': 'exports.o = 1 as number',
      'app/package.json': '{}',
    },
    cwd: 'app',
    entry: 'main.cts',
  },
}

const language: Record<string, App> = {
  'enums, namespaces, hashbang, using': es(
    `#!/usr/bin/env node
const enum A { X = 1, Y } enum B { Q = 'q' } namespace N { export const v = 1 }
{ using x = { [Symbol.dispose]() { console.log('disposed') } }; console.log(A.Y, B.Q, N.v, typeof x) }`,
    {},
  ),
  'class fields before ES2022': es(
    "class Base { constructor() { (this as any).init() } } class D extends Base { f?: string; init() { this.f = 'kept' } } console.log(new D().f); export {}",
    tsconfig({ target: 'es2021' }),
  ),
  'class fields from ES2022 on': es(
    "class Base { constructor() { (this as any).init() } } class D extends Base { f?: string; init() { this.f = 'kept' } } console.log(new D().f); export {}",
    tsconfig({ target: 'es2022' }),
  ),
  'legacy decorators': es(
    'const d = (target: any) => { target.d = 1 }\n@d class A { static d: number }\nconsole.log(A.d); export {}',
    tsconfig({ experimentalDecorators: true }),
  ),
  'metadata of decorators, which tsx leaves out': {
    ...es(
      `const found: unknown[] = []; (Reflect as any).metadata = (key: string, value: unknown) => () => { found.push(key, value) }
       class Service {} const d = (_: any) => {}
       @d class A { constructor(readonly service: Service) {} }
       console.log(found[1]); export {}`,
      tsconfig({ experimentalDecorators: true, emitDecoratorMetadata: true }),
    ),
    differs: '[ [class Service] ]\n',
  },
  'JSX of another library': {
    files: {
      ...MODULE,
      ...tsconfig({ jsx: 'react-jsx', jsxImportSource: 'jx' }),
      'main.tsx': "console.log(JSON.stringify(<a b='1'>x</a>)); export {}",
      'node_modules/jx/package.json':
        '{ "type": "module", "exports": { "./jsx-runtime": "./r.js", "./jsx-dev-runtime": "./r.js" } }',
      'node_modules/jx/r.js': 'export const jsx = (type, props) => [type, props]; export const jsxDEV = jsx',
    },
    entry: 'main.tsx',
  },
  'JSX without a word in tsconfig.json is React’s automatic one': {
    files: {
      ...MODULE,
      'main.tsx': 'const React = { createElement: (type: string) => type }; console.log(<a />); export {}',
    },
    entry: 'main.tsx',
    differs: /Cannot find package 'react\/jsx-dev-runtime'/,
  },
  'top-level for await': es('for await (const each of [1, Promise.resolve(2)]) console.log(each)'),
}

export const apps: Record<string, App> = { ...commonJs, ...loading, ...language, ...processes }
