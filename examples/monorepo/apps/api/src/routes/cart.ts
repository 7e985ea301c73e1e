import { findProduct } from '@shop/catalog'
import { formatCents, priceOf } from '@shop/pricing'
import { Hono } from 'hono'
import { lines } from '@/store.ts'

export const cart = new Hono()

cart.get('/', (c) => {
  const total = [...lines].reduce((sum, [sku, pieces]) => sum + priceOf(findProduct(sku)?.cents ?? 0, pieces), 0)
  return c.json({ lines: Object.fromEntries(lines), total: formatCents(total) })
})

cart.post('/:sku', (c) => {
  const product = findProduct(c.req.param('sku'))
  if (!product) return c.json({ error: `no product ${c.req.param('sku')}` }, 404)
  lines.set(product.sku, (lines.get(product.sku) ?? 0) + 1)
  return c.json({ sku: product.sku, pieces: lines.get(product.sku) }, 201)
})
