import { HttpError } from '../middleware/errors.ts'
import { type Link, store } from '../store.ts'

export function listLinks(): Link[] {
  return [...store.links.values()].sort((a, b) => b.visits - a.visits)
}

export function addLink({ url, code = randomCode() }: { url: string; code?: string | undefined }): Link {
  if (store.links.has(code)) throw new HttpError(409, `the code ${code} is taken`)
  const link = { code, url, visits: 0 }
  store.links.set(code, link)
  return link
}

export function findLink(code: string): Link {
  const link = store.links.get(code)
  if (!link) throw new HttpError(404, `no link ${code}`)
  return link
}

export function visitLink(code: string): Link {
  const link = findLink(code)
  link.visits++
  return link
}

export function removeLink(code: string): void {
  findLink(code)
  store.links.delete(code)
}

function randomCode(): string {
  return Math.random().toString(36).slice(2, 8)
}
