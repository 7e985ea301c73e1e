/** The words of `vite build` to the server that it emits, in the text of its first module. */
export interface BuiltApp {
  /** The entry, for people: its path from Vite's root. */
  entry: string
  /** The folder of the client's files, from that of the server, as part of a URL. */
  client: string
  /** Vite's `base`, as a path. */
  base: string
  appType: 'spa' | 'mpa' | 'custom'
  /** As of the option `serve`. */
  routes: string[]
  order: 'auto' | 'pre' | 'post'
  /** Paths of the client's pages that were built, which an app with pages of its own does not serve. */
  pages: string[]
  /** Paths of the client's files whose name has a hash of their content. */
  hashed: string[]
}

/** The variable by which `vite preview` tells the server the number of the fd at which it waits to hear where it is. */
export const PREVIEW_FD = 'VITE_TETHER_PREVIEW_FD'

/** The line of JSON that the server of a preview writes there when it can be asked. */
export interface PreviewTarget {
  host: string
  port: number
}
