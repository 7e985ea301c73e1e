import { cloudflare } from '@cloudflare/vite-plugin'
import { defineConfig } from 'vite'
import { tether } from 'vite-tether'

export default defineConfig({ plugins: [cloudflare(), tether({ entry: 'src/worker.js' })] })
