/** A script of one line: from the command to its end. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as idle } from 'node:timers/promises'
import type { Compile } from './app.ts'
import { start } from './processes.ts'
import type { Result } from './round.ts'

const NAME = 'src/hello.ts'
const CODE = "const text: string = 'hello'\nconsole.log(text)\n"
/** A tool may write its cache after its command's end: without a pause the next run would not find it. The same for all, in ms. */
const SETTLE = 500

/** Writes it into the empty folder `root`; returns the path of what is run. */
function write(root: string, compile?: Compile): string {
  const { file, code } = compile?.(NAME, CODE) ?? { file: NAME, code: CODE }
  mkdirSync(join(root, 'src'))
  writeFileSync(join(root, file), code)
  writeFileSync(join(root, 'package.json'), '{ "private": true, "type": "module" }\n')
  return file
}

/** Runs it, and again as often as there are edits in a job. Rejects if it says something else. */
export async function measureScript(
  { job, samples }: Result,
  root: string,
  env: Record<string, string>,
): Promise<void> {
  const { tool } = job
  const entry = write(root, tool.compile)
  for (let each = 0; each <= job.edits; each++) {
    const began = performance.now()
    const running = start({ ...tool.script!(entry), env }, root, join(root, `log${each}`))
    await new Promise((resolve) => running.ended.addEventListener('abort', resolve, { once: true }))
    const ms = performance.now() - began
    if (running.lastLine() !== 'hello') throw new Error(`it said ${running.lastLine()}`)
    await running.stop()
    samples.push({ case: each === 0 ? 'cold' : 'again', ms, silence: ms, isKept: false, evaluated: 1 })
    await idle(SETTLE)
  }
}
