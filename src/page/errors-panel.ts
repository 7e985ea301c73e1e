/** The errors that are not mended yet. */
import type { OpenError, ShownError } from '../server/page/page-types.ts'
import { find, h } from './elements.ts'

const WHAT = {
  update: 'Update failed; the code from before runs on',
  restart: 'Not restarted; the process from before goes on',
  process: 'The process has ended',
} satisfies Record<OpenError['what'], string>

/** Shows these errors; the panel is hidden without any. */
export function showErrors(errors: readonly OpenError[]): void {
  find('#errors').hidden = errors.length === 0
  find('#errors .list').replaceChildren(
    ...errors.map(({ runner, what, at, error }) =>
      h(
        'article',
        { className: 'card error' },
        h('h3', {}, `${runner}: ${WHAT[what]} `, h('time', {}, new Date(at).toLocaleTimeString())),
        ...describe(error),
      ),
    ),
  )
  document.title = errors.length > 0 ? `(${errors.length}) vite-tether` : 'vite-tether'
}

/** The parts of an error. */
export function describe({ name, message, place, frame, stack }: ShownError): HTMLElement[] {
  return [
    h('p', { className: 'message' }, `${name}: ${message}`),
    ...(place ? [h('p', { className: 'place' }, h('code', {}, place))] : []),
    ...(frame ? [h('pre', { tabIndex: 0, 'aria-label': 'Code' }, frame)] : []),
    ...(stack
      ? [h('details', {}, h('summary', {}, 'Stack'), h('pre', { tabIndex: 0, 'aria-label': 'Stack' }, stack))]
      : []),
  ]
}
