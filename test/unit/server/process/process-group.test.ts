import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { killTree } from '../../../../src/server/process/process-group.ts'
import { run, tempFolder, until } from '../../../support/child.ts'

afterEach(() => {
  vi.unstubAllEnvs()
})

/** A process that lives until it is killed. */
function startLeader() {
  const leader = run(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
  onTestFinished(() => leader.end())
  return leader
}

test.skipIf(process.platform === 'win32')(
  'the tree of a process is killed on Windows before the process itself',
  async () => {
    const { path, remove } = tempFolder()
    onTestFinished(remove)
    const said = join(path, 'said')
    // notes whether the leader lives, as one that is gone has no tree any more
    writeFileSync(
      join(path, 'taskkill'),
      `#!/bin/sh\nkill -0 $2 && echo "$@" > ${said}.part && mv ${said}.part ${said} && kill -9 $2\n`,
      { mode: 0o755 },
    )
    vi.stubEnv('PATH', `${path}:${process.env.PATH}`)
    const leader = startLeader()
    killTree(leader.pid, 'win32')
    expect(await leader.exited).toEqual({ code: null, signal: 'SIGKILL' })
    expect(await until(() => readFileSync(said, 'utf8').trim(), 'what taskkill was told')).toBe(
      `/pid ${leader.pid} /T /F`,
    )
  },
)

test('at least the process is killed where taskkill is not to be had', async () => {
  vi.stubEnv('PATH', '/nowhere')
  const leader = startLeader()
  killTree(leader.pid, 'win32')
  expect(await leader.exited).toEqual({ code: null, signal: 'SIGKILL' })
})
