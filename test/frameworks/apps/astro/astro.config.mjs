import { defineConfig } from 'astro/config'
import { tether } from 'vite-tether'

export default defineConfig({ vite: { plugins: [tether({ entry: 'src/worker.js' })] } })
