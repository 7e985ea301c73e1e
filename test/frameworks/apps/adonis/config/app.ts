import { defineConfig } from '@adonisjs/core/http'

export const appKey = 'a-key-of-no-value-for-anybody-1234'

export const http = defineConfig({ generateRequestId: true })
