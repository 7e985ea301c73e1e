import { value } from './value.js'

export const page = () => `<p>page ${value}</p>`
