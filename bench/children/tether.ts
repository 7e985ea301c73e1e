/** This project through its API: `node tether.js <entry>`. The message `restart` calls `hub.restart()`. */
import { tether, vite } from '../tether.ts'

const { hub } = await vite(tether({ entry: process.argv[2]! }))
process.on('message', async () => {
  await hub.restart()
  process.send!('restarted')
})
