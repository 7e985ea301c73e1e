/** `dist/built-server.js`, of which `vite build` makes the first module of the server that it emits: see `client/production/run-built`. */
export { runBuilt } from '../client/production/run-built.ts'
