const ApiGateway = require('moleculer-web')

module.exports = {
  name: 'api',
  mixins: [ApiGateway],
  settings: { port: Number(process.env.PORT), routes: [{ path: '/', aliases: { 'GET /': 'page.show' } }] },
}
