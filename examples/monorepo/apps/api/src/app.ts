import { Hono } from 'hono'
import { cart } from '@/routes/cart.ts'
import { health } from '@/routes/health.ts'
import { products } from '@/routes/products.ts'

export const app = new Hono()

app.route('/health', health)
app.route('/products', products)
app.route('/cart', cart)
