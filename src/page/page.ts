/** The page in the browser: follows the server's stream, over its restarts. */
import type { OpenError, ShownRunner, Snapshot, TimelineEntry } from '../server/page/page-types.ts'
import { find } from './elements.ts'
import { showErrors } from './errors-panel.ts'
import { startSearch } from './graph-panel.ts'
import { showRunners } from './runners-panel.ts'
import { addEntry, showTimeline } from './timeline-panel.ts'

/** Milliseconds between two attempts, where the browser does not try again by itself. */
const AGAIN = 1000

let page: string | undefined
let root = ''

function follow(): void {
  const stream = new EventSource('events')
  on<Snapshot>(stream, 'snapshot', (snapshot) => {
    // another server, whose token this document does not have
    if (page !== undefined && page !== snapshot.page) return location.reload()
    page = snapshot.page
    root = snapshot.root
    find('#root').textContent = root
    sayLink('connected')
    showRunners(snapshot.runners)
    showErrors(snapshot.errors)
    showTimeline(snapshot.entries, root)
  })
  on<ShownRunner[]>(stream, 'runners', showRunners)
  on<OpenError[]>(stream, 'errors', showErrors)
  on<TimelineEntry>(stream, 'entry', (entry) => addEntry(entry, root))
  stream.onerror = () => {
    sayLink('not connected, trying again')
    if (stream.readyState !== EventSource.CLOSED) return
    stream.close()
    setTimeout(follow, AGAIN)
  }
}

function on<T>(stream: EventSource, name: string, listener: (data: T) => void): void {
  stream.addEventListener(name, ({ data }: MessageEvent<string>) => listener(JSON.parse(data) as T))
}

function sayLink(text: string): void {
  const link = find('#link')
  if (link.textContent !== text) link.textContent = text
  document.body.dataset.link = text === 'connected' ? 'up' : 'down'
}

follow()
startSearch()
