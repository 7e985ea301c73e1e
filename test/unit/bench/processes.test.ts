import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { start } from '../../../bench/processes.ts'
import { isAlive } from '../../support/child.ts'

test.runIf(process.platform === 'linux')('what a tool has started ends with it, in whichever group it is', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vite-tether-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const app = `console.log(process.pid); process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)`
  const tool = `
    const { spawn } = require('node:child_process')
    spawn(process.execPath, ['-e', ${JSON.stringify(app)}], { detached: true, stdio: 'inherit' }).unref()
    setInterval(() => {}, 1000)`
  const log = join(folder, 'log')
  const running = start({ args: ['-e', tool] }, folder, log)
  await vi.waitFor(() => expect(readFileSync(log, 'utf8')).toMatch(/^\d+\n$/), 10_000)
  const pid = Number(readFileSync(log, 'utf8'))

  const usage = running.usage(pid)!
  expect(usage.app).toBeGreaterThan(1e7)
  expect(usage.tool).toBeGreaterThan(1e7)
  await running.stop()
  expect(isAlive(pid)).toBe(false)
  expect(running.ended.aborted).toBe(true)
})
