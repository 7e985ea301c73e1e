import devServer from '@hono/vite-dev-server'
import { defineConfig } from 'vite'
import { tether } from 'vite-tether'

export default defineConfig({ plugins: [devServer({ entry: 'src/index.js' }), tether({ entry: 'src/worker.js' })] })
