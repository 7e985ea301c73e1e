/** The plot of the report: a bar for each tool and case, on a logarithmic scale. */
import type { Results } from './results.ts'
import { ms } from './table.ts'
import type { Case } from './tools.ts'

const SHOWN: [Case, string][] = [
  ['cold', 'cold start'],
  ['leaf', 'leaf saved'],
  ['shared', 'shared util saved'],
  ['unaccepted', 'saved, nobody accepts'],
]
const COLORS: Record<string, string> = {
  tether: '#7c3aed',
  runner: '#64748b',
  'runner-ws': '#94a3b8',
  'vite-node': '#0d9488',
  tsx: '#d97706',
  esbuild: '#ca8a04',
}
const [WIDTH, LEFT, BAR, GAP] = [860, 190, 16, 30]
const MARKS = [10, 100, 1000, 10_000]

/** An SVG of `results`. */
export function plot(results: Results): string {
  const scale = (value: number) => LEFT + (Math.log10(Math.max(value, 5) / 5) / Math.log10(4000)) * (WIDTH - LEFT - 90)
  const parts: string[] = []
  const text = (x: number, y: number, content: string, more = '') =>
    parts.push(`<text x="${x.toFixed(1)}" y="${y}" ${more}>${content}</text>`)
  let y = 34
  for (const [name, title] of SHOWN) {
    text(12, y, title, 'font-weight="bold"')
    y += 10
    for (const [tool, color] of Object.entries(COLORS)) {
      const value = results.figure({ tool }, name)
      const label = results.of({ tool })[0]?.job.tool.title
      if (value === undefined || label === undefined) continue
      text(LEFT - 8, y + BAR - 4, label, 'text-anchor="end"')
      parts.push(
        `<rect x="${LEFT}" y="${y}" width="${(scale(value) - LEFT).toFixed(1)}" height="${BAR - 3}" fill="${color}"/>`,
      )
      text(scale(value) + 6, y + BAR - 4, ms(value))
      y += BAR
    }
    y += GAP
  }
  const height = y + 6
  const lines = MARKS.map((mark) => {
    const x = scale(mark).toFixed(1)
    return `<path d="M${x} 16V${y - 20}" stroke="#e2e8f0"/><text x="${x}" y="${y - 4}" text-anchor="middle">${ms(mark)}</text>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12" fill="#334155">
<title>Times of the main tools</title>
<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>
${[...lines, ...parts].join('\n')}
</svg>
`
}
