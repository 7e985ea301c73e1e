/** The timeline: what has happened, the newest first. */
import type { TimelineEntry } from '../server/page/page-types.ts'
import { count, duration, find, h, short, tell } from './elements.ts'
import { describe } from './errors-panel.ts'
import { showModule } from './graph-panel.ts'

type Of<K extends TimelineEntry['kind']> = TimelineEntry & { kind: K }

/** As many as the server keeps. */
const SHOWN = 200
/** A change is made of a save that was known at most this many milliseconds apart from when the change says so. */
const NEAR = 40

/** Number of saves among which that of an update is looked for. */
const REMEMBERED = 20

const list = find('#timeline .list')
const saves: Of<'save'>[] = []

/** Shows these entries and no other. */
export function showTimeline(entries: readonly TimelineEntry[], root: string): void {
  saves.length = 0
  list.replaceChildren()
  for (const entry of entries) list.prepend(item(entry, root))
}

/** Shows one more. */
export function addEntry(entry: TimelineEntry, root: string): void {
  list.prepend(item(entry, root))
  while (list.children.length > SHOWN) list.lastElementChild!.remove()
  if (entry.kind !== 'save') tell(sentence(entry, root))
}

function item(entry: TimelineEntry, root: string): HTMLElement {
  if (entry.kind === 'save' && saves.push(entry) > REMEMBERED) saves.shift()
  return h(
    'li',
    { className: `entry ${entry.kind} ${entry.kind === 'update' ? entry.outcome : ''}` },
    h('time', {}, new Date(entry.at).toLocaleTimeString()),
    'runner' in entry && h('span', { className: 'who' }, entry.runner),
    h('span', { className: 'what' }, sentence(entry, root)),
    ...details(entry),
  )
}

function sentence(entry: TimelineEntry, root: string): string {
  switch (entry.kind) {
    case 'save':
      return `saved ${names(entry.files, root)}`
    case 'withheld':
      return `plugin ${entry.plugin} keeps ${names(entry.files, root)} from ${entry.runners.join(', ')}: the code from before runs on`
    case 'update':
      return describeUpdate(entry)
    case 'failure':
      return `update failed, the code from before runs on: ${mainLine(entry.error.message)}`
    case 'restart':
      return `restarts: ${entry.reason}`
    case 'refused':
      return `not restarted, the process from before goes on: ${mainLine(entry.error.message)}`
    case 'crash':
      return `crashes: ${mainLine(entry.error.message)}`
    case 'ready':
      return entry.took === undefined ? 'ready' : `ready, ${duration(entry.took)} after the decision to restart`
    case 'exit':
      return describeExit(entry)
    case 'link':
      return LINKS[entry.what]
    default:
      return entry satisfies never
  }
}

function names(files: readonly string[], root: string): string {
  return files.map((file) => file.replace(`${root}/`, '')).join(', ')
}

const LINKS = {
  connected: 'attached',
  resumed: 'is connected again, nothing was lost',
  compared: 'is connected again, compared with the current sources',
  lost: 'lost its link',
  left: 'left',
} satisfies Record<Of<'link'>['what'], string>

function describeUpdate({ outcome, updates, evaluated, ms, chain }: Of<'update'>): string {
  const figures = `(${count(evaluated, 'module')}, ${duration(ms)})`
  if (outcome === 'unaccepted') {
    return chain ? `nothing accepts ${chain.map(short).join(' ← ')}` : 'a plugin asked for a full reload'
  }
  if (outcome === 'reloaded') return `all modules evaluated again ${figures}`
  const what = updates.map(({ accepted, boundary }) =>
    accepted === boundary ? short(accepted) : `${short(accepted)} via ${short(boundary)}`,
  )
  return `updated in place: ${what.join(', ') || 'nothing to evaluate'} ${figures}`
}

function describeExit({ code, signal, details }: Of<'exit'>): string {
  const how = signal ? `ended by ${signal}` : `ended with code ${code}`
  if (details.requested) return `${how}, as asked`
  const when = details.wasReady || code === 0 ? '' : ' while it started'
  const next = {
    start: `starts again${details.delay ? ` in ${duration(details.delay)}` : ''}`,
    save: 'waits for a save',
    none: 'for good',
  }
  return `${how}${when}, ${next[details.next]}`
}

function details(entry: TimelineEntry): HTMLElement[] {
  if (entry.kind === 'failure' || entry.kind === 'refused' || entry.kind === 'crash') {
    return [h('details', {}, h('summary', {}, 'The error'), ...describe(entry.error))]
  }
  if (entry.kind === 'update' && entry.times) return [steps(entry)]
  if (entry.kind !== 'restart' || entry.cause.kind !== 'unaccepted') return []
  const [changed] = entry.cause.chain
  const button = h('button', { type: 'button', className: 'link' }, 'Where would an accept() help?')
  button.addEventListener('click', () => void showModule(changed!))
  return [button]
}

/** The steps of an update, as parts of a bar and in words. */
function steps({ at, ms, times }: Of<'update'>): HTMLElement {
  const { compile, runner } = times!
  const known = at - compile - runner
  const lag = saves.findLast((save) => Math.abs(save.at - known) < NEAR)?.lag
  const parts: [name: string, ms: number][] = [
    ...(lag === undefined ? [] : [['saved → known', lag] as [string, number]]),
    ['known → sent', compile],
    ['evaluated', Math.min(ms, runner)],
    ['answered', Math.max(0, runner - ms)],
  ]
  const bar = h('span', { className: 'bar', 'aria-hidden': true })
  for (const [, part] of parts) {
    const piece = h('span')
    piece.style.flexGrow = String(part)
    bar.append(piece)
  }
  const words = parts.map(([name, part]) => `${name} ${duration(part)}`).join(' · ')
  return h('span', { className: 'steps' }, bar, h('small', {}, words))
}

/** The line of an error's message that says what is wrong: the first of a compiler counts its errors. */
function mainLine(text: string): string {
  const [first = '', second] = text.split('\n').filter((line) => line.trim() !== '')
  return first.endsWith(':') && second ? second : first
}
