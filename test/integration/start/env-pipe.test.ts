/** An `.env` that is a pipe, as password managers make them: who writes into it may do so for one reader only, and that is Vite. */
import { execFileSync } from 'node:child_process'
import { expect, onTestFinished, test } from 'vitest'
import { run } from '../../support/child.ts'
import { createApp, startOnce } from '../../support/kept-start.ts'
import type { Project } from '../../support/project.ts'

function writeOnce(project: Project, text: string): void {
  const writer = run('sh', ['-c', `printf '${text}' > .env`], { cwd: project.root })
  onTestFinished(() => writer.end())
}

test.skipIf(process.platform === 'win32').each([
  ['nothing was kept', false],
  ['a start was kept when there was none', true],
])('Vite reads it, and nobody else: %s', async (_, isKept) => {
  const project = createApp({ 'src/main.ts': "console.log('app ' + import.meta.env.VITE_SAID)\n" })
  if (isKept) expect(await startOnce(project)).toMatchObject({ says: ['app undefined'], kept: 1 })
  execFileSync('mkfifo', [project.path('.env')])
  for (const said of ['one', 'two']) {
    writeOnce(project, `VITE_SAID=${said}\\n`)
    expect(await startOnce(project)).toEqual({ says: [`app ${said}`], begun: 0, kept: 0 })
  }
})
