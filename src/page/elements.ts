/** Makes elements, and texts of figures. */

type Child = Node | string | undefined | false

/** An element; `given` are its properties, or attributes where their name has a dash or is `role`. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  given: Record<string, unknown> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || value === false) continue
    if (name.includes('-') || name === 'role') element.setAttribute(name, String(value))
    else Object.assign(element, { [name]: value })
  }
  element.append(...children.filter((child) => child !== undefined && child !== false))
  return element
}

/** The element of the document with this selector, which is there. */
export function find<T extends HTMLElement = HTMLElement>(selector: string): T {
  return document.querySelector<T>(selector)!
}

/** `src/a.ts` for `/src/a.ts`. */
export const short = (url: string): string => url.replace(/^\/(?!@)/, '')

/** `1 module`, `2 modules`. */
export const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`

/** `3 ms`, `1.2 s`. */
export const duration = (ms: number): string => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`)

/** `85 MiB`. */
export const bytes = (n: number): string => `${Math.round(n / 2 ** 20)} MiB`

/** `2 h 5 min`: the two greatest units. */
export function age(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000))
  if (s < 60) return `${s} s`
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`
}

/** Tells screen readers. */
export function tell(text: string): void {
  find('#live').textContent = text
}
