export { formatCents } from './currency.ts'

/** Per cent that is taken off from this many pieces on. */
const DISCOUNTS = [
  { pieces: 10, percent: 10 },
  { pieces: 5, percent: 5 },
]

/** The price of `pieces` of something, in cents. */
export function priceOf(cents: number, pieces: number): number {
  const percent = DISCOUNTS.find((discount) => pieces >= discount.pieces)?.percent ?? 0
  return Math.round(cents * pieces * (1 - percent / 100))
}
