/** Whose a request is in production, the built client's or the app's: by the same rules as on the port of `vite dev`. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { BuiltApp } from '../../shared/built-app.ts'
import { decoded, isNavigation, isRead, pathOf, toRule, withoutBase } from '../../shared/util/request-paths.ts'
import { type ClientFile, type ClientFiles, sendFile } from './client-files.ts'
import { answerOf, unlessMissing } from './declinable.ts'

/** Answers a request by a file, or has `app` answer. */
export type FrontDoor = (request: IncomingMessage, response: ServerResponse, app: () => void) => void

/** Makes the rules of a build. */
export function createFrontDoor(built: BuiltApp, files: ClientFiles): FrontDoor {
  const { base, order, appType } = built
  const isRoute = built.routes.map(toRule)
  const hasPages = appType !== 'custom'
  const front = appType === 'spa' ? files.at('/index.html') : undefined
  // they are the app's templates
  const templates = new Set(hasPages ? [] : built.pages)

  /** The file, or the page, that lies at this path. */
  function lyingAt(request: IncomingMessage, path: string): ClientFile | undefined {
    if (templates.has(path)) return undefined
    if (!path.endsWith('/')) {
      const file = files.at(path)
      if (file) return file
    }
    if (!hasPages || !takesPages(request)) return undefined
    return files.at(path.endsWith('/') ? `${path}index.html` : `${path}.html`)
  }

  return (request, response, app) => {
    const url = request.url ?? '/'
    const whole = pathOf(url)
    if (!isRead(request) || isRoute.some((each) => each(url, whole))) return app()
    if (!whole.startsWith(base)) {
      // as Vite does
      const isRoot = whole === '/' || whole === '/index.html'
      const Location = base + url.slice(whole.length)
      return isRoot ? unlessMissing(response, app, (answer) => void answer.head(302, { Location }).end()) : app()
    }
    const path = decoded(withoutBase(whole, base))
    if (path === undefined) return app()
    const file = lyingAt(request, path)
    if (order === 'pre') {
      return unlessMissing(response, app, (answer) => {
        const page = path !== '/favicon.ico' && takesPages(request) ? front : undefined
        const found = file ?? page
        if (found) sendFile(request, answer, found)
        else answer.head(404, {}).end()
      })
    }
    if (file) return sendFile(request, answerOf(response), file)
    if (!front || !isNavigation(request) || path === '/favicon.ico') return app()
    if (order === 'post') return sendFile(request, answerOf(response), front)
    unlessMissing(response, app, (answer) => sendFile(request, answer, front))
  }
}

/** As Vite sees it: whoever names no kinds takes a page. */
function takesPages({ headers: { accept } }: IncomingMessage): boolean {
  return !accept || accept.includes('text/html') || accept.includes('*/*')
}
