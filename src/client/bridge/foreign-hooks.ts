/** Loader hooks that compile TypeScript as well: tsx, ts-node and the like, preloaded into an app process. */

let isReported = false

/** Says once that the loader hook of another tool is not used for `file`, and which preload may have installed it. */
export function reportOtherHook(file: string): void {
  if (isReported) return
  isReported = true
  const preloads = preloadsOf(process.execArgv)
  const who = preloads.length > 0 ? ` (of ${preloads.join(', ')}?)` : ''
  process.stderr.write(
    `[vite-tether] A loader hook${who} would have loaded ${file} a second time. It is not used for files of the app, ` +
      'which Vite compiles: leave it out.\n',
  )
}

/** Flags of node that preload something, but for our own. */
export function preloadsOf(execArgv: readonly string[]): string[] {
  return execArgv.flatMap((flag, index) => {
    const [, name, value = execArgv[index + 1]] =
      /^(--import|--require|-r|--(?:experimental-)?loader)(?:=(.*))?$/s.exec(flag) ?? []
    return name === undefined || value === undefined || value.includes('bridge.js?') ? [] : [`${name} ${value}`]
  })
}
