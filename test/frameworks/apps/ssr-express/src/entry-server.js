import { page } from './page.js'

export const render = () => page()
