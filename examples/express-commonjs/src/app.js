const express = require('express')

exports.createApp = function createApp() {
  const app = express()
  app.use(express.json())
  app.use('/health', require('./routes/health'))
  app.use('/entries', require('./routes/entries'))
  app.use((error, _request, response, _next) => {
    console.error(error)
    response.status(error.status || 500).json({ error: error.message })
  })
  return app
}
