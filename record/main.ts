/** `npm run record`: makes the pictures of the README anew, of real runs. It needs a Chromium (TETHER_CHROMIUM names one). */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { takePictures } from './page.ts'
import { recordSession } from './session.ts'
import { drawSession } from './svg.ts'

const folder = join(import.meta.dirname, '../docs/images')
mkdirSync(folder, { recursive: true })
writeFileSync(join(folder, 'session.svg'), drawSession(await recordSession()))
await takePictures(folder)
console.log(`made anew: session.svg, page-light.png and page-dark.png in ${folder}`)
