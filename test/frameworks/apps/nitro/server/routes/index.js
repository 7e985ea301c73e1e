import { defineHandler } from 'nitro/h3'
import { value } from '../../src/value.js'

export default defineHandler(() => new Response(`<p>page ${value}</p>`, { headers: { 'content-type': 'text/html' } }))
