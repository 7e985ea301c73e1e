import { nitro } from 'nitro/vite'
import { defineConfig } from 'vite'
import { tether } from 'vite-tether'

export default defineConfig({ plugins: [nitro({ serverDir: './server' }), tether({ entry: 'src/worker.js' })] })
