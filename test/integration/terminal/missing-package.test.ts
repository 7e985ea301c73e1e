import { expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'

test.each([
  ['static', "import 'nowhere'"],
  ['dynamic', "await import('nowhere')"],
  ['a folder of it', "import '@scope/nowhere/part'"],
])(
  'a package that is missing is named with the command that installs it, and without the machine, which is this one: %s',
  async (_, main) => {
    const app = await startApp(
      { 'package.json': '{ "type": "module" }', 'src/main.js': main },
      { entry: 'src/main.js' },
    )
    const line = await app.line(/It must be installed/)
    const name = main.includes('@') ? '@scope/nowhere' : 'nowhere'
    expect(line).toContain(`It must be installed: npm install ${name}.`)
    expect(line).toContain(app.project.path('src/main.js'))
  },
)
