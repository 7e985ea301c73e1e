import { queue } from './queue.ts'

/** Milliseconds between reports. */
const EVERY = Number(process.env.REPORT_EVERY ?? 60_000)

const timer = setInterval(() => queue.add('report', undefined), EVERY)

if (import.meta.hot) {
  import.meta.hot.accept()
  // without this each save would leave one more timer
  import.meta.hot.dispose(() => clearInterval(timer))
}
