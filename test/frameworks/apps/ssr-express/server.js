// Vite's SSR template: an Express server of its own, Vite as its middleware.
import express from 'express'
import { createServer } from 'vite'

const app = express()
const vite = await createServer({ server: { middlewareMode: true, ws: false }, appType: 'custom' })
app.use(vite.middlewares)
app.use(async (request, response) => {
  try {
    const { render } = await vite.ssrLoadModule('/src/entry-server.js')
    const template = '<!doctype html><div id="app"><!--app--></div>'
    const html = await vite.transformIndexHtml(request.originalUrl, template)
    response.type('html').send(html.replace('<!--app-->', render()))
  } catch (error) {
    vite.ssrFixStacktrace(error)
    response.status(500).end(error.stack)
  }
})
app.listen(Number(process.env.PORT), '127.0.0.1')
