import { value } from '../../src/value.js'

export const data = () => ({ value })
