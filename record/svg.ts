/** A session as an SVG that plays by itself, in each place that shows pictures: a line appears when it came. */
import { createAnsiSequenceParser, type ParseToken } from 'ansi-sequence-parser'
import type { Line } from './session.ts'

/** Milliseconds that a pause takes at most; a reader needs some before what was saved is seen to work. */
const [LONGEST, BEFORE_INPUT, AT_END] = [900, 1300, 5000]
const [WIDTH, LINE, TOP, LEFT, SIZE] = [860, 19, 46, 18, 13]

const COLORS: Record<string, string> = {
  red: '#f87171',
  green: '#4ade80',
  yellow: '#facc15',
  blue: '#60a5fa',
  magenta: '#e879f9',
  cyan: '#22d3ee',
}

/** Draws `lines`. */
export function drawSession(lines: readonly Line[]): string {
  const times = paced(lines)
  const total = (times.at(-1) ?? 0) + AT_END
  const height = TOP + lines.length * LINE + 14
  const rules = times.map((time, index) => {
    const share = ((time / total) * 100).toFixed(2)
    return `@keyframes l${index}{0%{opacity:0}${share}%{opacity:0}${(Number(share) + 0.01).toFixed(2)}%,to{opacity:1}}.l${index}{animation-name:l${index}}`
  })
  const rows = lines.map((line, index) => {
    const y = TOP + index * LINE + SIZE
    return `<text class="line l${index}" x="${LEFT}" y="${y}" xml:space="preserve">${content(line)}</text>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">
<title>vite-tether at a terminal: an update in place, a mistake, and a restart</title>
<style>
text{font:${SIZE}px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#e2e8f0}
.line{animation-duration:${(total / 1000).toFixed(1)}s;animation-iteration-count:infinite;animation-timing-function:step-end}
@media (prefers-reduced-motion:reduce){.line{animation:none}}
${rules.join('\n')}
</style>
<rect width="100%" height="100%" rx="8" fill="#0f172a"/>
<circle cx="20" cy="20" r="5.5" fill="#ef4444"/><circle cx="38" cy="20" r="5.5" fill="#eab308"/><circle cx="56" cy="20" r="5.5" fill="#22c55e"/>
${rows.join('\n')}
</svg>
`
}

/** When each line is shown: as it came, without the pauses of machines, and with those that people need. */
function paced(lines: readonly Line[]): number[] {
  let now = 0
  return lines.map((line, index) => {
    const before = lines[index - 1]
    if (before) now += line.by === 'printed' ? Math.min(line.at - before.at, LONGEST) : BEFORE_INPUT
    return Math.round(now)
  })
}

function content({ by, text }: Line): string {
  if (by === 'typed') return `<tspan fill="#64748b">$ </tspan>${escaped(text)}`
  if (by === 'saved') return `<tspan fill="#fbbf24">✎ saved ${escaped(text)}</tspan>`
  return createAnsiSequenceParser().parse(text).map(span).join('')
}

function span({ value, foreground, decorations }: ParseToken): string {
  const color = foreground?.type === 'named' ? COLORS[foreground.name] : undefined
  const attributes = [
    color && `fill="${color}"`,
    decorations.has('bold') && 'font-weight="bold"',
    decorations.has('dim') && 'opacity="0.6"',
  ].filter(Boolean)
  return attributes.length > 0 ? `<tspan ${attributes.join(' ')}>${escaped(value)}</tspan>` : escaped(value)
}

function escaped(text: string): string {
  return text.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`)
}
