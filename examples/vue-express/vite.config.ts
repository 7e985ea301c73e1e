import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'
import { tether } from 'vite-tether'

export default defineConfig({
  plugins: [vue(), tether({ entry: 'src/server/app.ts', build: true })],
})
