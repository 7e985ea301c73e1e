import { reactRouter } from '@react-router/dev/vite'
import { defineConfig } from 'vite'
import { tether } from 'vite-tether'

export default defineConfig({
  plugins: [reactRouter(), tether({ entry: 'server/app.ts', runnable: false })],
})
