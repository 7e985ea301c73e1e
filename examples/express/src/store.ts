import { keep } from 'vite-tether/keep'

export interface Link {
  code: string
  url: string
  visits: number
}

// keep() holds the links beyond this module: without it an edit of this file would lose them.
export const store = { links: keep('links', () => new Map<string, Link>()) }
