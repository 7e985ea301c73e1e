/** Has clients told why an app has no process, and lets the ports go once none follows. */
import type { HeldPorts } from '../ports/held-ports.ts'
import type { Supervisor, SupervisorExit } from '../process/supervisor.ts'

/** Follows the processes of an app. While one is replaced clients wait for the next; they are told only of an outage that may last. */
export function tellOutages(supervisor: Supervisor, ports: HeldPorts): void {
  supervisor.on('exit', (exit) => {
    // the next process is about to begin
    if (exit.requested || (exit.next === 'start' && !exit.delay)) return
    if (exit.next === 'none') ports.release()
    else ports.down(describeEnd(exit))
  })
  supervisor.on('state', (state, _, reason) => {
    if (state === 'stopped') ports.release()
    // a process that did not come to be, or cannot be ended, tells of no exit
    else if (state === 'crashed' && reason !== undefined) ports.down(`could not be started: ${reason}`)
  })
}

function describeEnd({ code, signal, wasReady, next, delay }: SupervisorExit): string {
  const how = signal ? `was killed by ${signal}` : `has exited with code ${code}`
  const when = wasReady || code === 0 ? '' : ' while it started'
  return `${how}${when}, and ${next === 'start' ? `starts again in ${delay} ms` : 'waits for a save'}`
}
