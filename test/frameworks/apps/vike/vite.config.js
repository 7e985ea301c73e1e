import react from '@vitejs/plugin-react'
import vike from 'vike/plugin'
import { defineConfig } from 'vite'
import { tether } from 'vite-tether'

export default defineConfig({ plugins: [vike(), react(), tether({ entry: 'src/worker.js' })] })
