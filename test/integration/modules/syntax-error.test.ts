/** A syntax error in JavaScript is told with its place, whatever Vite has made of it. */
import { expect, test } from 'vitest'
import { createProject } from '../../support/project.ts'
import { startServer } from '../../support/tether.ts'

/** Code that cannot be read, and where and why. */
const FAULTS: [code: string, place: string, why: RegExp][] = [
  ['const a = 1\nconst b = {\nconsole.log(a)\n', '3:7', /Expected `,` or `}` but found `\.`/],
  ["// ü€😀\nconst ü = '😀', b = {\r\nconsole.log(ü)\r\n", '3:7', /Expected `,` or `}`/],
  ['const a = 1\nlet 1b = a\n', '2:5', /Invalid characters after number/],
  ["import { b } from './b.js'\nif (b {\n}\n", '2:6', /Expected `\)` but found `\{`/],
  ['const a = 1\n}\n', '2:0', /Unexpected token/],
  ['const a = 1\nconst b = `abc\n', '2:10', /Unterminated string/],
  ["import a from './b\n", '1:14', /Unterminated string/],
  ['const a = 1\nexport default <div/>\n', '2:15', /JSX.*name the file with the extension \.jsx or \.tsx/],
]

test.each(['main.js', 'main.mjs', 'src/code.js'])('a syntax error in %s', async (file) => {
  const project = createProject({
    'package.json': '{ "type": "module" }',
    'b.js': 'export const b = 1',
    'src/b.js': 'export const b = 1',
    'main.js': "import './src/code.js'",
    'src/code.js': '',
    [file]: "console.log('runs')\nsetInterval(() => {}, 1000)",
  })
  const entry = file.endsWith('.mjs') ? 'main.mjs' : 'main.js'
  const { lines, line } = await startServer(project.root, { entry })
  await line(/^runs/)
  for (const [code, place, why] of FAULTS) {
    const before = lines.length
    project.write(file, code)
    const said = () => lines.slice(before).join('\n')
    await expect.poll(said, { message: code }).toContain(`transform failed: ${file}:${place}`)
    expect(said()).toMatch(why)
  }
})
