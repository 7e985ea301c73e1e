import { formatCents } from '@shop/pricing/currency'

export interface Product {
  sku: string
  name: string
  cents: number
}

const products: Product[] = [
  { sku: 'tea', name: 'Green tea', cents: 450 },
  { sku: 'cup', name: 'Cup', cents: 1200 },
]

export function findProduct(sku: string): Product | undefined {
  return products.find((product) => product.sku === sku)
}

/** The catalogue as it is shown. */
export function listProducts(): { sku: string; label: string }[] {
  return products.map(({ sku, name, cents }) => ({ sku, label: `${name}, ${formatCents(cents)}` }))
}
