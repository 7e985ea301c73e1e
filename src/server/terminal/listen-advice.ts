/** How an app keeps its port over updates in place, in the words of the framework that it imports. */

interface Advice {
  /** As its users call it. */
  name: string
  /** Lines to write where the app listens now. */
  lines: readonly string[]
}

/** By the package that the app imports; what builds on another comes first. */
const FRAMEWORKS: ReadonlyArray<[imported: string, advice: Advice]> = [
  [
    '@nestjs/core',
    {
      name: 'Nest',
      lines: [
        'await app.init()',
        'listen(app.getHttpServer(), 3000) // instead of app.listen(3000)',
        'import.meta.hot?.dispose(() => app.close())',
      ],
    },
  ],
  [
    'fastify',
    {
      name: 'Fastify',
      lines: [
        'await app.ready()',
        'listen(app.server, 3000) // instead of app.listen({ port: 3000 })',
        'import.meta.hot?.dispose(() => app.close())',
      ],
    },
  ],
  [
    'socket.io',
    {
      name: 'socket.io',
      lines: [
        'listen(server, 3000) // the http server that new Server(server) was given, instead of server.listen(3000)',
        'import.meta.hot?.dispose(() => io.disconnectSockets(true))',
      ],
    },
  ],
  [
    '@hono/node-server',
    {
      name: 'Hono',
      lines: [
        "import { getRequestListener } from '@hono/node-server'",
        'listen(getRequestListener(app.fetch), 3000) // instead of serve({ fetch: app.fetch, port: 3000 })',
      ],
    },
  ],
  ['koa', { name: 'Koa', lines: ['listen(app.callback(), 3000) // instead of app.listen(3000)'] }],
  ['express', { name: 'Express', lines: ['listen(app, 3000) // instead of app.listen(3000)'] }],
  ['node:http', { name: 'node:http', lines: ['listen(server, 3000) // instead of server.listen(3000)'] }],
]

/** Open ports that `listen()` of vite-tether/keep cannot keep. */
const OTHER_PORTS = ['node:https', 'node:http2', 'node:net', 'node:tls', 'node:dgram', '@nestjs/platform-fastify']

/**
 * The advice for an app that imports these packages and builtins. `undefined` if it is not known to open a port that can be
 * kept, or keeps it already.
 */
export function listenAdvice(imports: ReadonlySet<string>): Advice | undefined {
  const has = (name: string) => imports.has(name) || (name.startsWith('node:') && imports.has(name.slice(5)))
  if (has('vite-tether/keep') || OTHER_PORTS.some(has)) return undefined
  return FRAMEWORKS.find(([name]) => has(name))?.[1]
}
