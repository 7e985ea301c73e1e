import { sveltekit } from '@sveltejs/kit/vite'
import { defineConfig } from 'vite'
import { tether } from 'vite-tether'

export default defineConfig({ plugins: [sveltekit(), tether({ entry: 'src/worker.js' })] })
