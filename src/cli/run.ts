/** The command with Vite: keys to the hub, and the app's end to an exit code. */
import colors from 'picocolors'
import type { RunnerView } from '../server/hub-types.ts'
import type { EarlyStart } from '../server/options.ts'
import { createPlugin } from '../server/plugin/plugin.ts'
import { findHub } from '../server/plugin/registry.ts'
import type { Vite } from '../server/vite/project-vite.ts'
import type { Ending } from './ending.ts'
import { NAME } from './fail.ts'
import type { Flags } from './flags.ts'
import { type HeardHub, type RunningServer, serve } from './serve.ts'
import { hasShortcuts, type Settings } from './settings.ts'
import { bindKeys, CommandPage } from './shortcuts.ts'

/** Serves the app until it, or the user, ends that. */
export async function run(flags: Flags, settings: Settings, vite: Promise<Vite>, ending: Ending): Promise<void> {
  const loaded = { vite: await vite, createPlugin, hubOf: findHub }
  const served = await serve(flags, settings, loaded, (heard) => {
    ending.hear(heard.hub, flags.once)
    if (!flags.once) sayReady(heard, settings.cli.early)
    if (Object.keys(settings.cli.serveAt).length > 0) sayNeedless(heard)
  })
  ending.endWith(served)
  if (!flags.once) sayAttach(served)
  await served.hub.ready.catch((error) => {
    // asked to end while it was starting
    if (!ending.begun) throw error
  })
  const page = new CommandPage(served)
  if (flags.ui !== undefined) await page.show(flags.ui)
  if (hasShortcuts(flags)) bindKeys(served, page, () => ending.quit(0))
}

function sayAttach({ hub, say }: RunningServer): void {
  if (hub.entries.length === 0 && hub.attach) {
    const { url, tokenFile } = hub.attach
    const token = tokenFile ? ` --token-file ${tokenFile}` : ''
    say(`${NAME} ${colors.green('ready')} for runners: vite-tether attach${token} ${url} <entry>`)
  }
}

function sayReady({ hub, say }: HeardHub, early: EarlyStart | undefined): void {
  const told = new Set<string>()
  const took = new Map<string, number>()
  let waited = false
  hub.on('exit', ({ id }, _code, _signal, { requested }) => {
    waited = true
    // the terminal has said that it waits: that it runs again must not be left to what the app prints
    if (!requested) told.delete(id)
  })
  // it may have been ready before there was a server to know of it
  hub.on('runner:ready', ({ id }) => took.set(id, Math.round(early?.readyAt ?? performance.now())))
  // not at `runner:ready`: an entry whose start goes on behind a promise may fail at once
  hub.on('runner:settled', ({ id, pid }) => {
    if (told.has(id)) return
    told.add(id)
    const name = hub.runners.length > 1 ? `${id} ` : ''
    // an app that had to wait for a save says nothing about how fast this is
    const time = waited ? '' : ` in ${colors.bold(took.get(id))} ms`
    say(`${NAME} ${colors.green(`${name}ready`)}${time}, pid ${pid}`)
  })
}

/** The flags of a port are not for an app that listens itself. */
function sayNeedless({ hub, say }: HeardHub): void {
  const heard = ({ id, serving }: RunnerView): void => {
    if (serving?.kind !== 'listening') return
    hub.off('runner:serving', heard)
    say(
      `${NAME} ${id} listens itself: --port, --host and --strictPort are for entries that export what answers; its own flags come after it`,
    )
  }
  hub.on('runner:serving', heard)
}
