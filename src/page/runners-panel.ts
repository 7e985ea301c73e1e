/** The runners, with their figures and the buttons for those that the server has started. */
import type { ShownRunner } from '../server/page/page-types.ts'
import { age, bytes, count, find, h, tell } from './elements.ts'

const list = find('#runners .list')
const cards = new Map<string, Card>()

/** A runner's card: elements stay, so that the focus does. */
interface Card {
  element: HTMLElement
  state: HTMLElement
  figures: HTMLElement
  runner: ShownRunner
}

/** Shows these runners. */
export function showRunners(runners: readonly ShownRunner[]): void {
  for (const [id, card] of cards) {
    if (runners.some((runner) => runner.id === id)) continue
    card.element.remove()
    cards.delete(id)
  }
  for (const runner of runners) {
    const card = cards.get(runner.id) ?? makeCard(runner)
    card.runner = runner
    card.element.dataset.state = runner.state
    card.state.textContent = runner.current || runner.kind === 'supervised' ? runner.state : `${runner.state}, behind`
    refresh(card)
  }
  list.dataset.empty = runners.length === 0 ? 'No runner yet.' : ''
}

setInterval(() => {
  for (const card of cards.values()) refresh(card)
}, 1000)

function makeCard(runner: ShownRunner): Card {
  const { id, kind } = runner
  const title = h('h3', { id: `runner-${id}` }, id)
  const state = h('span', { className: 'state' })
  const figures = h('dl')
  const buttons = kind === 'supervised' && h('p', {}, button('restart', id), ' ', button('stop', id))
  const head = h('header', {}, title, h('span', { className: 'kind' }, kind), state)
  const element = h('article', { className: 'card', 'aria-labelledby': title.id }, head, figures, buttons)
  const card: Card = { element, state, figures, runner }
  cards.set(id, card)
  list.append(element)
  return card
}

function refresh({ figures, runner }: Card): void {
  const { pid, host, memory, modules, ports, connectedAt, standby, versions, current, state } = runner
  const rows: [string, string | undefined][] = [
    ['Process', pid === undefined ? 'none' : `pid ${pid}${host ? ` on ${host}` : ''}`],
    ['Ports', ports?.length ? ports.join(', ') : undefined],
    [
      'Code',
      `${count(modules, 'module')}${state === 'ready' || state === 'connected' ? (current ? ', current' : ', older than what is saved') : ''}`,
    ],
    ['Memory', memory === undefined ? undefined : bytes(memory)],
    ['Up for', connectedAt === undefined ? undefined : age(Date.now() - connectedAt)],
    [
      'Standby',
      standby &&
        `pid ${standby.pid}, ${count(standby.modules, 'module')}${standby.memory ? `, ${bytes(standby.memory)}` : ''}`,
    ],
    ['Versions', versions && `vite-tether ${versions.tether}, Node ${versions.node}`],
  ]
  const shown = rows.filter((row): row is [string, string] => row[1] !== undefined)
  const texts = shown.flat().join('\n')
  if (figures.dataset.texts === texts) return
  figures.dataset.texts = texts
  figures.replaceChildren(...shown.flatMap(([name, text]) => [h('dt', {}, name), h('dd', {}, text)]))
}

function button(action: 'restart' | 'stop', id: string): HTMLButtonElement {
  const name = action === 'restart' ? 'Restart' : 'Stop'
  const made = h('button', { type: 'button', 'aria-label': `${name} ${id}` }, name)
  made.addEventListener('click', async () => {
    // `disabled` would take the focus away
    if (made.getAttribute('aria-busy') === 'true') return
    made.setAttribute('aria-busy', 'true')
    const text = await act(action, id).catch((error: Error) => error.message)
    made.removeAttribute('aria-busy')
    tell(text || `${id}: ${action === 'restart' ? 'restarted' : 'stopped'}`)
    made.closest('article')!.querySelector('.refusal')?.remove()
    if (text) made.parentElement!.after(h('p', { className: 'refusal' }, text))
  })
  return made
}

/** Resolves with the reason if it is not done, or an empty text. */
async function act(action: string, id: string): Promise<string> {
  const token = find<HTMLMetaElement>('meta[name="tether-token"]').content
  const headers = { 'x-tether-token': token }
  const response = await fetch(`${action}?id=${encodeURIComponent(id)}`, { method: 'POST', headers })
  return response.ok ? '' : await response.text()
}
