const { join } = require('node:path')
const { ServiceBroker } = require('moleculer')

const broker = new ServiceBroker({ logger: false })
broker.loadServices(join(__dirname, 'services'), '*.service.js')
broker.start()
