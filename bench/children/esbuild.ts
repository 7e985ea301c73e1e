/** One bundle by esbuild, built incrementally at each save, in a process that is started anew: `node esbuild.js <entry>` */
import { watch } from 'node:fs'
import { bundle } from '../build.ts'
import { respawn } from '../respawn.ts'

/** A save is more than one event, and the file is empty at the first. */
const DEBOUNCE = 20

const { context, file } = await bundle(process.cwd(), process.argv[2]!)
await context.rebuild()
const app = respawn([file], {})

let timer: NodeJS.Timeout | undefined
let building = Promise.resolve()
watch('src', { recursive: true }, () => {
  clearTimeout(timer)
  timer = setTimeout(() => {
    building = building.then(async () => {
      await context.rebuild()
      await app.restart()
    })
  }, DEBOUNCE)
})
