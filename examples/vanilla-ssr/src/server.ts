// in a build it is the page that Vite has built, with the scripts and styles for browsers
import template from '../index.html?raw'
import { render } from './entry-server.ts'
import { countPage } from './pages.ts'

// in dev what Vite's transformIndexHtml would add, and the styles at once instead of after the scripts
const head = import.meta.env.DEV
  ? `
    <script type="module" src="/@vite/client"></script>
    <link rel="stylesheet" href="/src/style.css">`
  : ''

export default {
  fetch(request: Request): Response {
    const { pathname } = new URL(request.url)
    if (pathname === '/api/time') return Response.json({ time: new Date(), pid: process.pid })
    if (!request.headers.get('accept')?.includes('text/html')) return new Response('not found', { status: 404 })
    const html = template.replace('<!--app-head-->', head).replace('<!--app-html-->', render(pathname, countPage()))
    return new Response(html, { headers: { 'content-type': 'text/html' } })
  },
}
