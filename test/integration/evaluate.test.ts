import { describe, expect, it } from 'vitest'
import { evaluation } from '../support/evaluate.ts'

describe('evaluating modules', () => {
  it('returns live exports, whatever way the module is named', async () => {
    const { load, root } = await evaluation({ 'src/a.ts': 'export let n: number = 1; export const add = () => { n++ }' })
    const a = await load('/src/a.ts')
    expect(a.n).toBe(1)
    a.add()
    expect(a.n).toBe(2)
    for (const id of ['./src/a.ts', `${root}/src/a.ts`, `file://${root}/src/a.ts`, '/src/a']) {
      expect(await load(id)).toBe(a)
    }
  })
})
