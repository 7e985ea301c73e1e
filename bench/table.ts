/** Tables in Markdown, and figures as they stand in them. */

/** A table; the first column is text, the others are figures. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map((_, column) => (column === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n')
}

const MISSING = '-'

/** Milliseconds. */
export const ms = (value: number | undefined): string =>
  value === undefined ? MISSING : `${value < 100 ? Number(value.toPrecision(2)) : thousands(Math.round(value))} ms`

/** Seconds. */
export const seconds = (value: number | undefined): string => (value === undefined ? MISSING : `${value.toFixed(2)} s`)

/** A factor. */
export const times = (value: number | undefined): string => (value === undefined ? MISSING : `${value.toFixed(2)}x`)

/** Bytes. */
export const mib = (value: number | undefined): string =>
  value === undefined ? MISSING : `${(value / 2 ** 20).toFixed(Math.abs(value) < 10 * 2 ** 20 ? 1 : 0)} MiB`

/** Bytes, of messages. */
export const kib = (value: number | undefined): string => (value === undefined ? MISSING : thousands(value / 1024))

/** A number. */
export const count = (value: number | undefined): string => (value === undefined ? MISSING : thousands(value))

/** `a / b`, if both are known. */
export const ratio = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? undefined : a / b

const thousands = (value: number): string => Number(value.toFixed(1)).toLocaleString('en-US')
