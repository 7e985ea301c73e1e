/**
 * This project with a runner that attaches: `node tether-attached.js <entry>`. Listens on LINK_PORT; the app process connects
 * to LINK_VIA. The message `restart` replaces that process.
 */
import { resolve } from 'node:path'
import { child } from '../paths.ts'
import { respawn } from '../respawn.ts'
import { tether, vite } from '../tether.ts'

const { hub } = await vite(tether({ attach: { port: Number(process.env.LINK_PORT) } }))
const url = new URL(hub.attach!.url)
url.port = process.env.LINK_VIA!
const app = respawn([child('tether-attached-app'), resolve(process.argv[2]!)], {
  TETHER_URL: url.href,
  TETHER_TOKEN: hub.attach!.token,
})
process.on('message', async () => {
  await app.restart()
  process.send!('restarted')
})
