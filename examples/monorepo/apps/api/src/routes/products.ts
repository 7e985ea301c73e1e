import { listProducts } from '@shop/catalog'
import { Hono } from 'hono'

export const products = new Hono()

products.get('/', (c) => c.json(listProducts()))
