/** A project folder of a test: real files, removed when the test ends. */
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { until } from './child.ts'

export interface Project {
  readonly root: string
  path(file: string): string
  read(file: string): string
  write(file: string, content: string): void
  /** Replaces text of a file; throws if it is not there, so that no test waits for an edit that changed nothing. */
  edit(file: string, from: string | RegExp, to: string): void
  rename(from: string, to: string): void
  remove(file: string): void
}

/** Writes `files` into a fresh folder. Call it inside a test: it goes when the test ends. */
export function createProject(files: Record<string, string>): Project {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'tether-test-')))
  onTestFinished(() => rmSync(root, { recursive: true, force: true, maxRetries: 10 }))
  const path = (file: string) => join(root, file)
  const project: Project = {
    root,
    path,
    read: (file) => readFileSync(path(file), 'utf8'),
    write(file, content) {
      mkdirSync(dirname(path(file)), { recursive: true })
      writeFileSync(path(file), content)
    },
    edit(file, from, to) {
      const before = project.read(file)
      const after = before.replace(from, to)
      if (after === before) throw new Error(`${file} does not contain ${from}`)
      project.write(file, after)
    },
    rename: (from, to) => renameSync(path(from), path(to)),
    remove: (file) => rmSync(path(file)),
  }
  for (const [file, content] of Object.entries(files)) project.write(file, content)
  return project
}

/**
 * Resolves when the clock of the file system is past this moment. It ticks every few ms: a file that is written before its next
 * tick has a time from before the process ended, and may be the app's own.
 */
export async function fileClockTick(): Promise<void> {
  const now = Date.now()
  const { path } = createProject({})
  await until(() => {
    writeFileSync(path('probe'), '')
    return statSync(path('probe')).mtimeMs > now
  }, 'the clock of the file system')
}
