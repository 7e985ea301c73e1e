import { keep } from 'vite-tether/keep'

export interface Link {
  code: string
  url: string
  visits: number
}

// What is kept outlives the module: the links stay even when this file is edited.
export const store = { links: keep('links', () => new Map<string, Link>()) }
