/** Runs synchronous callbacks on process 'exit', through one listener for all runners (avoids MaxListenersExceededWarning). */

const last = new Set<() => void>()

/** Calls `fn` (synchronously, there is no time for more) when the process exits, unless the returned function is called first. */
export function onExit(fn: () => void): () => void {
  if (last.size === 0) process.on('exit', sayAll)
  last.add(fn)
  return () => {
    last.delete(fn)
    if (last.size === 0) process.off('exit', sayAll)
  }
}

/** One listener for all: many runners in one process are no leak, and must not look like one. */
function sayAll(): void {
  for (const fn of last) fn()
}
