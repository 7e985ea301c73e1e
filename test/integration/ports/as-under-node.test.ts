import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { run, tempFolder, until } from '../../support/child.ts'
import { createProject } from '../../support/project.ts'
import { startServer } from '../../support/tether.ts'

const matrix = fileURLToPath(new URL('../../fixtures/ports/matrix.mjs', import.meta.url))

/** The findings of each process of the app, so far. */
function resultsOf(lines: readonly string[]): string[][] {
  return lines.filter((line) => line.startsWith('matrix ')).map((line) => JSON.parse(line.slice(7)))
}

/** A folder for sockets. */
function folder(): string {
  const { path, remove } = tempFolder()
  onTestFinished(remove)
  return path
}

/** The first of a hundred ports that nobody is likely to have. */
function freeRange(): string {
  // below those that the system gives to clients
  return String(12_000 + ((process.pid * 3 + ranges++) % 200) * 100)
}
let ranges = 0

test.each([
  ['close', true],
  ['keep', true],
  ['keep', false],
] as const)(
  'listen, close, address and errors are those of node, at first and after restarts, of servers that %s; standby: %s',
  async (mode, standby) => {
    const port = freeRange()
    const plain = run(process.execPath, [matrix, port, folder(), mode])
    const expected = resultsOf([(await plain.match(/^matrix .*$/m))[0]])[0]!
    await plain.end()
    expect(expected.length).toBeGreaterThan(45)

    const project = createProject({ 'main.mjs': readFileSync(matrix, 'utf8') })
    const app = await startServer(project.root, { entry: 'main.mjs', args: [port, folder(), mode], standby })
    for (let process = 0; process < 3; process++) {
      const found = await until(() => resultsOf(app.lines)[process], `the results of process ${process}`, 30_000)
      expect(found).toEqual(expected)
      await app.hub.restart()
    }
  },
  120_000,
)
