const { createApp } = require('./app')

const port = Number(process.env.PORT || 3000)

// true under vite-tether, as under node
if (require.main === module) {
  const server = createApp().listen(port, () => console.log(`Guest book on http://localhost:${port}`))

  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.on(signal, () => server.close(() => process.exit(0)))
  }
}
