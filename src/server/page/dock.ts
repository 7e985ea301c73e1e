/** The page as a dock of Vite DevTools, where a project has that. */
import { PAGE_PATH } from './mount.ts'

/** The part of DevTools' context that is used. Its package has the types, and is nobody's dependency for four fields. */
interface DevToolsContext {
  docks: { register(dock: { id: string; title: string; icon: string; type: 'iframe'; url: string }): unknown }
}

/** Two processes and what ties them together. Part of the page, as nothing is to be loaded from elsewhere. */
const ICON = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="#7c3aed" stroke-width="2"><circle cx="6" cy="12" r="4"/><circle cx="18" cy="12" r="4"/><path d="M10 12h4"/></svg>',
)}`

/** The hook `devtools` of a plugin; `isOn`: there is a page. */
export function dockOf(isOn: () => boolean): { setup(context: DevToolsContext): void } {
  return {
    setup({ docks }) {
      if (isOn())
        docks.register({ id: 'vite-tether', title: 'vite-tether', icon: ICON, type: 'iframe', url: `${PAGE_PATH}/` })
    },
  }
}
