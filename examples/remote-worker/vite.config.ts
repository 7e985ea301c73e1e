import { defineConfig } from 'vite'
import { tether } from 'vite-tether'
import { hosts, secrets } from './secrets.ts'

const { token, key, cert } = secrets(`${import.meta.dirname}/.secrets`)

export default defineConfig({
  server: { https: { key, cert } },
  plugins: [
    tether({
      entry: 'src/queue.ts',
      attach: { host: '0.0.0.0', port: Number(process.env.ATTACH_PORT ?? 5199), token, allowedHosts: hosts },
    }),
  ],
})
