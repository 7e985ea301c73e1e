import { value } from '../value.js'

export const load = () => ({ value })
