import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { tether } from 'vite-tether'

export default defineConfig({
  plugins: [react(), tether({ entry: 'src/server/app.ts', build: true })],
})
