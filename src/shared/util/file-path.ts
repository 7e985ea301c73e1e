/**
 * Paths of files as Vite writes them: absolute, with forward slashes, on Windows after a drive (`C:/app/a.ts`). Text only: the
 * side that reads one may run on another system than the side that wrote it.
 */

/** Forward slashes, as Vite has them on every system. */
export function slash(path: string): string {
  return path.replaceAll('\\', '/')
}

/** `true` if a module id is the path of a file; `false` for the id of a virtual module. */
export function isFilePath(id: string): boolean {
  return /^(?:[a-z]:)?\//i.test(id)
}

/** The path in a module id, which may have a query. */
export function withoutQuery(id: string): string {
  return id.replace(/[?#].*$/s, '')
}

/** The URL by which Vite serves a file wherever it lies. */
export function toFsUrl(path: string): string {
  return `/@fs/${path.replace(/^\//, '')}`
}

/** The path in a `/@fs/` URL; `undefined` for any other URL. */
export function fromFsUrl(url: string): string | undefined {
  if (!url.startsWith('/@fs/')) return undefined
  const path = url.slice('/@fs/'.length).replace(/^\/+/, '')
  return isFilePath(path) ? path : `/${path}`
}

/** `true` if an import of `path` may mean `file`: with or without its extension, with `.js` for `.ts`, or as the name of its folder. */
export function mayMean(path: string, file: string): boolean {
  return [file, importName(file)].some((each) => each === path || each === importName(path))
}

/** The shortest way an import may write a path: without extension, and without `/index`. */
export function importName(path: string): string {
  return path.replace(/\.[^./]+$/, '').replace(/\/index$/, '')
}
