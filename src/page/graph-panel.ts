/** The modules: a search, and the place of one in the graph. All is asked of the server, which sends the first matches only. */
import type { FoundModule, FoundModules, ShownModule, Way } from '../server/page/page-types.ts'
import { count, find, h, short, tell } from './elements.ts'

/** Milliseconds without a key until the search is asked for. */
const PAUSE = 120

const input = find<HTMLInputElement>('#search')
const list = find('#graph .list')
const place = find('#place')
let asked = 0
let timer: ReturnType<typeof setTimeout> | undefined

/** Searches as the user types. */
export function startSearch(): void {
  input.addEventListener('input', () => {
    clearTimeout(timer)
    timer = setTimeout(() => void search(), PAUSE)
  })
  void search()
}

async function search(): Promise<void> {
  const number = ++asked
  const found = await ask<FoundModules>(`search=${encodeURIComponent(input.value.trim())}`)
  // a later one may have been answered sooner
  if (number !== asked || !found) return
  const { total, modules } = found
  find('#found').textContent =
    modules.length < total ? `${count(total, 'module')}, the first ${modules.length} are shown` : count(total, 'module')
  list.replaceChildren(...modules.map((module) => h('li', {}, link(module.url), ' ', h('small', {}, remark(module)))))
}

function remark({ importers, accepts }: FoundModule): string {
  return `${importers === 0 ? 'root' : count(importers, 'importer')}${accepts ? ', accepts itself' : ''}`
}

/** Shows a module's place, and takes the focus there. */
export async function showModule(url: string): Promise<void> {
  const found = await ask<ShownModule>(`module=${encodeURIComponent(url)}`)
  if (!found) return tell(`${short(url)} is not in the graph any more`)
  const { importedBy, imports, accepted, unaccepted, wouldAccept } = found
  place.hidden = false
  place.replaceChildren(
    h('h3', {}, short(url)),
    h('p', { className: 'verdict' }, verdict(found)),
    ...ways('Accepted by', accepted),
    ...ways('Nobody accepts', unaccepted),
    ...(wouldAccept.length > 0
      ? [h('h4', {}, 'An accept() in one of these would make it an update in place'), links(wouldAccept)]
      : []),
    h('h4', {}, `Imported by (${importedBy.length})`),
    links(importedBy),
    h('h4', {}, `Imports (${imports.length})`),
    links(imports),
  )
  place.focus()
}

function verdict({ accepts, accepted, unaccepted }: ShownModule): string {
  if (accepts) return 'It accepts updates of itself: a save evaluates it again, in place.'
  if (unaccepted.length > 0) return 'A save restarts the app: one way from here ends at a root that accepts nothing.'
  return accepted.length > 0
    ? 'A save is an update in place: every way from here meets a module that accepts it.'
    : 'Nothing imports it.'
}

function ways(title: string, all: readonly Way[]): HTMLElement[] {
  if (all.length === 0) return []
  const items = all.map((way) =>
    h('li', {}, ...way.flatMap((url, index) => (index === 0 ? [link(url)] : [' ← ', link(url)]))),
  )
  return [h('h4', {}, title), h('ul', { className: 'ways' }, ...items)]
}

function links(urls: readonly string[]): HTMLElement {
  return urls.length === 0 ? h('p', {}, 'none') : h('ul', {}, ...urls.map((url) => h('li', {}, link(url))))
}

function link(url: string): HTMLButtonElement {
  const made = h('button', { type: 'button', className: 'link' }, short(url))
  made.addEventListener('click', () => void showModule(url))
  return made
}

/** `undefined` if there is no such module, or no server. */
async function ask<T>(query: string): Promise<T | undefined> {
  const response = await fetch(`graph?${query}`).catch(() => undefined)
  return response?.ok ? ((await response.json()) as T) : undefined
}
