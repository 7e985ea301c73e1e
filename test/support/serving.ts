/** Apps that answer requests, and where. */
import { symlinkSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { RunnerView } from '../../src/index.ts'
import type { TestApp } from './app.ts'
import type { Project } from './project.ts'

const EVENTS = ['runner:serving', 'runner:ready'] as const

/** The next time that the hub tells where the app answers; `isMeant` may wait for a later one. */
export function serving({ hub }: TestApp, isMeant: (view: RunnerView) => boolean): Promise<RunnerView> {
  const [now] = hub.runners
  if (now && isMeant(now)) return Promise.resolve(now)
  return new Promise((resolve) => {
    const heard = (view: RunnerView) => {
      if (!isMeant(view)) return
      for (const event of EVENTS) hub.off(event, heard)
      resolve(view)
    }
    for (const event of EVENTS) hub.on(event, heard)
  })
}

/** Lets the files of `project` import the packages of this repository. */
export function linkPackages(project: Project): void {
  symlinkSync(fileURLToPath(new URL('../../node_modules', import.meta.url)), project.path('node_modules'), 'junction')
}
