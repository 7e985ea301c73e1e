/** Loads `dist/app.cjs`, once: whoever runs in an app's process (the bootstrap, the bridge, an app that calls `connect()`) shares its state. */
import { readFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { type RunScript, runScript, runsScripts } from '../shared/util/cached-script.ts'
import { distPath } from '../shared/util/dist-files.ts'

type App = typeof import('./app-bundle.ts')

let loaded: RunScript | undefined

/** Its exports. */
export function loadApp(): App {
  if (!runsScripts) throw tooOld()
  loaded ??= runScript(distPath('app.cjs'), cacheFolder())
  return loaded.exports as App
}

/** `connect()` is called in processes that the command, which says this as well, has not started. */
function tooOld(): Error {
  const { engines } = JSON.parse(readFileSync(distPath('../package.json'), 'utf8')) as { engines: { node: string } }
  return new Error(
    `[vite-tether] This is Node ${process.versions.node}, and vite-tether needs Node ${engines.node}. ` +
      `Install a newer one; this one is ${process.execPath}.`,
  )
}

/** Keeps what V8 has compiled for the next process. */
export function keepApp(): void {
  loaded?.keep()
}

/** Where tools keep such things. Whoever can write there can change the code of this package as well. */
function cacheFolder(): string {
  const own = distPath('..')
  const modules = dirname(own)
  return `${basename(modules) === 'node_modules' ? modules : `${own}/node_modules`}/.cache/vite-tether`
}
