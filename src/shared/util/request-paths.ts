/** Paths of requests and rules about them, by which it is decided who answers: the same in dev and in production. */

type Asking = { method?: string | undefined; headers: Record<string, string | string[] | undefined> }

/** Only what is read can be asked of another one as well. */
export function isRead({ method }: Asking): boolean {
  return method === 'GET' || method === 'HEAD'
}

/** `true` if the user goes to a page, and no script asks. */
export function isNavigation({ headers }: Asking): boolean {
  return headers.accept?.includes('text/html') === true
}

/** A rule of the option `serve.routes`. */
export function toRule(route: string): (url: string, path: string) => boolean {
  if (route.startsWith('^')) {
    const pattern = new RegExp(route)
    return (url) => pattern.test(url)
  }
  const folder = route.endsWith('/') ? route : `${route}/`
  return (_, path) => `${path}/`.startsWith(folder)
}

/** The path of a request, which may be no URL by any standard. */
export function pathOf(url: string): string {
  return url.replace(/[?#].*$/s, '')
}

/** `path` without Vite's `base`, if it is below that. */
export function withoutBase(path: string, base: string): string {
  return path.startsWith(base) ? `/${path.slice(base.length)}` : path
}

/** `path` as files are named; `undefined` if it cannot be decoded. */
export function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path)
  } catch {
    return undefined
  }
}
