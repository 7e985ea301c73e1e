/** Ways out of errors of Node whose own words leave people alone. */
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { portOwner } from './port-owner.ts'

/** A line for people about an error that ends the process, if there is more to say than it does. */
export function adviceFor(error: unknown): string | undefined {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown }
  if (typeof message !== 'string') return undefined
  if (code === 'ERR_DLOPEN_FAILED') return rebuild(message)
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION') return plainNode(message)
  if (code === 'EADDRINUSE') return freePort(error as { port?: unknown; address?: unknown })
  return undefined
}

function freePort({ port, address }: { port?: unknown; address?: unknown }): string {
  const owner = typeof port === 'number' && port > 0 ? portOwner(port) : undefined
  const what = typeof port === 'number' && port > 0 ? `Port ${port}` : `The address ${String(address)}`
  return `${what} is taken${owner ? ` by ${owner}` : ' by another program'}. End that, or let the app listen elsewhere, and save a file.`
}

function rebuild(message: string): string {
  const file = /(?:^|')([^':]+\.node)/.exec(message)?.[1] ?? 'A native addon'
  const name = /.*node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/s.exec(file)?.[1]?.replaceAll('\\', '/')
  const { version, versions, platform, arch } = process
  return (
    `${file} was built for another Node or another system than node ${version} (NODE_MODULE_VERSION ${versions.modules}, ` +
    `${platform}-${arch}), which runs the app. Build or install it here: npm rebuild${name ? ` ${name}` : ''}`
  )
}

function plainNode(message: string): string | undefined {
  const file = / for (\S+)/.exec(message)?.[1]?.replace(/^file:.*/, (url) => fileURLToPath(url))
  if (!file || !/^\.[cm]?tsx?$/.test(extname(file))) return undefined
  return (
    `Node itself was to load ${file}, past vite-tether, which answers in app processes that it has started, in their threads and ` +
    'in what they fork(): not in what an attached process starts or lets a library import, nor after spawn(). Build the file there.'
  )
}
