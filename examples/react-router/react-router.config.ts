import type { Config } from '@react-router/dev/config'

export default {
  // asks what Vite's environment can do, instead of taking for granted that it runs modules in Vite's process
  future: { v8_viteEnvironmentApi: true },
} satisfies Config
