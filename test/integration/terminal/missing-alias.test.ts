/** An import by the `paths` of tsconfig.json that leads to no file costs no process: it is refused as a relative one, and healed by the file. */
import { expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'
import { until } from '../../support/child.ts'
import { createProject } from '../../support/project.ts'
import { startServer } from '../../support/tether.ts'

const APP = {
  'package.json': '{ "type": "module" }',
  'tsconfig.json': `{ "compilerOptions": { "paths": {
    "@/*": ["./src/*"], "~/*": ["./src/*"], "$lib/*": ["./src/lib/*"], "lib/*": ["./src/lib/*"], "exact": ["./src/exact.ts"], "*": ["./types/*"] } } }`,
  'src/main.ts': "console.log('runs 1')\nsetInterval(() => {}, 1e9)",
  'src/there.ts': "export const v: string = 'there'",
}

/** Specifier, and the file that it means. */
const ALIASES = [
  ['@/late', 'src/late.ts'],
  ['@/late.js', 'src/late.ts'],
  ['@/deep/late', 'src/deep/late/index.ts'],
  ['~/late', 'src/late.ts'],
  ['$lib/late', 'src/lib/late.ts'],
  ['lib/late', 'src/lib/late.ts'],
  ['exact', 'src/exact.ts'],
]
const IMPORTS: Record<string, (specifier: string) => string> = {
  'a static import': (specifier) => `import { v } from '${specifier}'`,
  'an awaited import()': (specifier) => `const { v } = await import('${specifier}')`,
  'an export that another module imports': (specifier) => `import { v } from './between.ts'; // ${specifier}`,
}

for (const [way, toCode] of Object.entries(IMPORTS)) {
  test.each(ALIASES)(`${way} of '%s' waits for the file`, async (specifier, file) => {
    const { project, line, lines, hub } = await startApp(
      { ...APP, 'src/between.ts': `export { v } from '${specifier}'` },
      { standby: specifier !== '@/late' },
    )
    await line(/^runs 1/)
    const { pid } = hub.runners[0]!
    project.write('src/main.ts', `${toCode(specifier!)}\nconsole.log('runs ' + v)\nsetInterval(() => {}, 1e9)`)
    await line(/Cannot find module/)
    await line(/By the paths of tsconfig\.json it means .*\/src\/\S+, which does not exist\./)
    await line(/The app still runs the code from before/)
    // it may be refused before the app has said that it is up
    await until(() => hub.runners[0]?.state === 'ready', 'the app to be ready')
    expect(hub.runners[0]!.pid).toBe(pid)
    project.write(file!, "export const v: string = 'late'")
    await line(/^runs late/)
    expect(lines.join('\n')).not.toContain('exited with')
  })
}

test('a package that is missing is not taken for a file by a path for all names', async () => {
  const { project, line } = await startApp(APP)
  await line(/^runs 1/)
  project.write('src/main.ts', "import { v } from 'nowhere'\nconsole.log(v)")
  await line(/Cannot find package 'nowhere' .* It must be installed: npm install nowhere\./)
})

test('an import() that is caught, one of a package, and one that code has made before are not refused', async () => {
  const { project, line } = await startApp({
    ...APP,
    'node_modules/lib/package.json': '{ "type": "module" }',
    'node_modules/lib/late.js': "export const v = 'of the package'",
  })
  await line(/^runs 1/)
  const code = `import { v } from 'lib/late.js'
    import { writeFileSync } from 'node:fs'
    const caught = await import('@/none').catch(() => 'none')
    writeFileSync(new URL('made.ts', import.meta.url), 'export const made: string = "made"')
    const { made } = await import('@/made')
    console.log(['runs', v, caught, made].join(' '))
    setInterval(() => {}, 1e9)`
  project.write('src/main.ts', code)
  await line(/^runs of the package none made/)
})

test('a path that leads out of the root is waited for', async () => {
  const project = createProject({
    'app/package.json': '{ "type": "module" }',
    'app/tsconfig.json': '{ "compilerOptions": { "paths": { "@out/*": ["../out/*"] } } }',
    'app/src/main.ts': APP['src/main.ts'],
    'out/other.ts': '',
  })
  const { line } = await startServer(project.path('app'), { entry: 'src/main.ts' })
  await line(/^runs 1/)
  const code = "import { v } from '@out/late'\nconsole.log('runs ' + v)\nsetInterval(() => {}, 1e9)"
  project.write('app/src/main.ts', code)
  await line(/The app still runs the code from before/)
  project.write('out/late.ts', "export const v = 'late'")
  await line(/^runs late/)
})

test('code that makes the file before it imports its importer is not refused', async () => {
  const { project, line } = await startApp({
    ...APP,
    'src/user.ts': "import { made } from '@/made'\nexport const v: string = made",
  })
  await line(/^runs 1/)
  const code = `import { writeFileSync } from 'node:fs'
    writeFileSync(new URL('made.ts', import.meta.url), 'export const made: string = "made"')
    const { v } = await import('./user.ts')
    console.log('runs ' + v)
    setInterval(() => {}, 1e9)`
  project.write('src/main.ts', code)
  await line(/^runs made/)
})

test('JavaScript whose paths the app resolves, and Vite does not, is not refused', async () => {
  const { project, line } = await startApp(
    {
      'package.json': '{ "type": "module" }',
      'tsconfig.json': '{ "compilerOptions": { "paths": { "@app/*": ["./src/*"] } } }',
      'src/main.js': APP['src/main.ts'],
      'src/there.ts': "export const there: string = 'there'",
    },
    { entry: 'src/main.js' },
  )
  await line(/^runs 1/)
  const code = "import { there } from '@app/there'\nconsole.log('runs ' + there)\nsetInterval(() => {}, 1e9)"
  project.write('src/main.js', code)
  await line(/^runs there|Cannot find/)
  await line(/^runs there/)
})
