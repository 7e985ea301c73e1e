/** The index that was proven tells what a process has begun with, and no other that lies at its place. */
import { writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { BegunWith } from '../../../../src/server/start/begun-with.ts'
import { prove, writeIndex } from '../../../../src/shared/kept-start.ts'
import { digestOf } from '../../../../src/shared/util/file-proof.ts'
import { createProject } from '../../../support/project.ts'

test('one that another start has written since is not taken for it', () => {
  const project = createProject({ 'main.ts': 'one', '.env': 'VITE_SAID=one' })
  const [index, main, env] = ['index', 'main.ts', '.env'].map((file) => project.path(file)) as [string, string, string]
  const config = (said: string) => ({ id: 'main', env: { VITE_SAID: said } }) as never
  const write = (said: string) => {
    const files: [string, string][] = [env, main].map((file) => [
      file,
      digestOf(project.read(file.slice(project.root.length + 1))),
    ])
    const proof = { files, folders: [], lists: [], links: [], stats: [] }
    const record = {
      id: main,
      url: '/main.ts',
      file: main,
      hash: `hash of ${said}`,
      deps: {},
      dynamicDeps: {},
      code: 1,
      map: -1,
    }
    writeFileSync(
      index,
      writeIndex({
        proof,
        records: [record],
        texts: { code: '', map: '' },
        config: config(said),
        handover: {} as never,
      }),
    )
  }
  write('one')
  const digest = prove(index)
  const begun = () => new BegunWith(index, digest)
  expect(begun().isOutdated({ config: config('one') })).toBe(false)
  expect([...begun().provenCode()]).toEqual([[main, 'hash of one']])
  // .env is saved, then another start writes what it has made, then the server of the first one is there
  project.write('.env', 'VITE_SAID=two')
  write('two')
  expect(begun().isOutdated({ config: config('two') })).toBe(true)
  expect([...begun().provenCode()]).toEqual([])
  expect(new BegunWith(index, undefined).isOutdated({ config: config('two') })).toBe(false)
})
