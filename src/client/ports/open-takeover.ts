/** The takeover of ports in this process: there is one, whichever runners take part. */
import { missingInside, replaceListen } from './listening.ts'
import { hookServers } from './server-methods.ts'
import { Takeover } from './takeover.ts'

const takeover = new Takeover()
let isHooked = false

/** The takeover, whether anything has been replaced of Node's or not. */
export function getTakeover(): Takeover {
  return takeover
}

/** Puts it in Node's place, once. Where Node is not as expected, `listen` is as under node. */
export function hookTakeover(): Takeover {
  if (isHooked || missingInside()) return takeover
  isHooked = true
  hookServers(takeover)
  replaceListen((...args) => takeover.listen(...args))
  return takeover
}
