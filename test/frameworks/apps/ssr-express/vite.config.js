import { defineConfig } from 'vite'
import { tether } from 'vite-tether'

export default defineConfig({ plugins: [tether({ entry: 'src/worker.js' })] })
