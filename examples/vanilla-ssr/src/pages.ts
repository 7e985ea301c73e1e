let pages = 0

/** The number of the page that is made now. */
export function countPage(): number {
  return ++pages
}
