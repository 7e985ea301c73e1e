import { value } from './value.js'

export default {
  fetch: () => new Response(`<p>page ${value}</p>`, { headers: { 'content-type': 'text/html' } }),
}
