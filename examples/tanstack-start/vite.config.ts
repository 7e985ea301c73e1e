import { tanstackStart } from '@tanstack/react-start/plugin/vite'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { tether } from 'vite-tether'

export default defineConfig({
  plugins: [tanstackStart(), react(), tether({ entry: 'src/server.ts', runnable: false })],
})
