import { defineConfig } from 'vite'
import { tether } from 'vite-tether'

export default defineConfig({
  // pages are the server's
  appType: 'custom',
  plugins: [tether({ entry: 'src/server.ts', build: true })],
})
