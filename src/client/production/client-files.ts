/**
 * The files that Vite has built for browsers, as they are served in production. Nothing but what lay in their folder at the start is ever
 * served. No library: `sirv`, which Vite uses, ends the process for `Range: bytes=2-1` and for a file that was deleted; `send` brings more
 * than all of this server.
 */
import { createHash } from 'node:crypto'
import { createReadStream, readdirSync, readFileSync, type Stats, statSync } from 'node:fs'
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import { join, relative, sep } from 'node:path'
import { pipeline } from 'node:stream'
import { lookup } from 'mrmime'
import type { FileAnswer } from './declinable.ts'

/** Bytes of a file up to which its content is read for its tag: all at once, as what reads it waits. */
const TAGGED = 1024 * 1024

/** One of them. */
export interface ClientFile {
  readonly path: string
  /** Its name has a hash of its content, which is another file's then. */
  readonly isHashed: boolean
}

/** Bytes of a file, both ends included. */
interface Range {
  start: number
  end: number
}

/** All of a folder, by the path under which they are asked for, decoded and without base. */
export class ClientFiles {
  readonly #files = new Map<string, ClientFile>()

  /** @param hashed paths of those whose name has a hash */
  constructor(folder: string, hashed: readonly string[]) {
    const names = new Set(hashed)
    for (const path of filesIn(folder)) {
      const url = `/${relative(folder, path).split(sep).join('/')}`
      if (!isHidden(url)) this.#files.set(url, { path, isHashed: names.has(url) })
    }
  }

  /** `true` if there is nothing to serve. */
  get areNone(): boolean {
    return this.#files.size === 0
  }

  at(path: string): ClientFile | undefined {
    return this.#files.get(path)
  }
}

/** Answers a request with a file; 404 if it was deleted meanwhile. */
export function sendFile(request: IncomingMessage, answer: FileAnswer, file: ClientFile): void {
  const { path, isHashed } = file
  const stats = statSync(path, { throwIfNoEntry: false })
  if (!stats?.isFile()) return void answer.head(404, {}).end()
  const etag = etagOf(file, stats)
  const headers: OutgoingHttpHeaders = {
    'Cache-Control': isHashed ? 'public, max-age=31536000, immutable' : 'no-cache',
    ETag: etag,
    'Last-Modified': stats.mtime.toUTCString(),
  }
  if (isFresh(request, etag, stats)) return void answer.head(304, headers).end()
  headers['Accept-Ranges'] = 'bytes'
  headers['Content-Type'] = typeOf(path)
  const range = rangeOf(request, etag, stats)
  if (range === 'none') {
    return void answer.head(416, { 'Content-Range': `bytes */${stats.size}` }).end()
  }
  const { start, end } = range ?? { start: 0, end: stats.size - 1 }
  headers['Content-Length'] = end - start + 1
  if (range) headers['Content-Range'] = `bytes ${start}-${end}/${stats.size}`
  const body = answer.head(range ? 206 : 200, headers)
  if (request.method === 'HEAD' || stats.size === 0) return void body.end()
  // an error is the client's end, or the file's: the connection is broken off, so that no one takes a part for the whole
  pipeline(createReadStream(path, { start, end }), body, () => {})
}

const tags = new WeakMap<ClientFile, { time: string; tag: string }>()

/**
 * Tells the content of a file from any other that it had in builds of before. By its time and size alone clients would keep the page of
 * the last build, whose scripts are gone: many ways to pack an app give all files one time, and such pages differ only by hashes.
 */
function etagOf(file: ClientFile, { size, mtime }: Stats): string {
  const time = `${size}-${mtime.getTime()}`
  if (file.isHashed || size > TAGGED) return `W/"${time}"`
  const known = tags.get(file)
  if (known?.time === time) return known.tag
  const tag = `"${createHash('sha256').update(readFileSync(file.path)).digest('base64url').slice(0, 27)}"`
  tags.set(file, { time, tag })
  return tag
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((each) =>
      each.isFile() ? [join(each.parentPath, each.name)] : [],
    )
  } catch (error) {
    // an app without pages
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** Vite's own notes lie in `.vite`. */
function isHidden(url: string): boolean {
  return url.split('/').some((name) => name.startsWith('.') && name !== '.well-known')
}

function typeOf(path: string): string {
  const type = lookup(path) ?? 'application/octet-stream'
  return type === 'text/html' ? `${type};charset=utf-8` : type
}

/** `true` if the client has it already. */
function isFresh({ headers }: IncomingMessage, etag: string, { mtime }: Stats): boolean {
  const known = headers['if-none-match']
  if (known !== undefined) return known.trim() === '*' || known.split(',').some((each) => isSame(each.trim(), etag))
  const since = Date.parse(headers['if-modified-since'] ?? '')
  return Math.floor(mtime.getTime() / 1000) * 1000 <= since
}

function isSame(one: string, other: string): boolean {
  return one.replace(/^W\//, '') === other.replace(/^W\//, '')
}

/** The part that is asked for; `none` if there is no such part, `undefined` if all of it is to be sent. */
function rangeOf({ headers }: IncomingMessage, etag: string, { size, mtime }: Stats): Range | 'none' | undefined {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(headers.range ?? '') ?? []
  if (first === '' && last === '') return undefined
  const given = headers['if-range']
  if (given !== undefined && given !== etag && given !== mtime.toUTCString()) return undefined
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first)
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1)
  if (first !== '' && last !== '' && Number(last) < start) return undefined
  return start > end ? 'none' : { start, end }
}
