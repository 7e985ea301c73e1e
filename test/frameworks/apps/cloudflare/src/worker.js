import { value } from './value.js'

console.log(`worker ${value}`)
setInterval(() => {}, 1000)
