/** Why an app has no process: its clients are told, and its ports let go once no process follows. */
import { EventEmitter } from 'node:events'
import type { FlatError } from '../../shared/errors.ts'
import type { Failure } from '../../shared/ports.ts'
import type { HeldPorts } from '../ports/held-ports.ts'
import type { Outage } from '../ports/waiting-page.ts'
import type { Supervisor, SupervisorExit } from '../process/supervisor.ts'

/** Events of an app's outages, with their arguments. */
export interface OutageEvents {
  /** There is one now, or none any more. */
  change: []
  /** The process has ended with an error. */
  failed: [error: FlatError]
}

/** Follows the processes of an app. While one is replaced clients wait for the next; they are told only of an outage that may last. */
export class Outages extends EventEmitter<OutageEvents> {
  /** The app, as clients are told of it. */
  readonly name: string
  #reason: string | undefined
  /** The error of the process that runs, or of the last one. */
  #failure: Failure | undefined

  constructor(name: string) {
    super()
    this.name = name
  }

  /** The one that goes on. */
  get current(): Outage | undefined {
    if (this.#reason === undefined) return undefined
    return { name: this.name, reason: this.#reason, details: this.#failure?.text }
  }

  /** A process ends with an error, which may be told before or after its end. */
  failed(failure: Failure): void {
    this.#failure = failure
    this.emit('failed', failure.error)
  }

  follow(supervisor: Supervisor, ports: HeldPorts | undefined): void {
    supervisor.on('exit', (exit) => {
      // the next process is about to begin
      if (exit.requested || (exit.next === 'start' && !exit.delay)) return
      const reason = describeEnd(exit)
      if (exit.next === 'none') ports?.release()
      else ports?.down(reason)
      this.#tell(reason)
    })
    supervisor.on('state', (state, _, reason) => {
      if (state === 'stopped') {
        ports?.release()
        this.#tell('was stopped')
      } else if (state === 'crashed' && reason !== undefined) {
        // a process that did not come to be, or cannot be ended, tells of no exit
        const why = `could not be started: ${reason}`
        ports?.down(why)
        this.#tell(why)
      } else if (state === 'starting') {
        this.#failure = undefined
        this.#tell(undefined)
      }
    })
  }

  #tell(reason: string | undefined): void {
    this.#reason = reason
    this.emit('change')
  }
}

function describeEnd({ code, signal, wasReady, next, delay }: SupervisorExit): string {
  const how = signal ? `was killed by ${signal}` : `has exited with code ${code}`
  const when = wasReady || code === 0 ? '' : ' while it started'
  if (next === 'none') return `${how}${when}`
  return `${how}${when}, and ${next === 'start' ? `starts again in ${delay} ms` : 'waits for a save'}`
}
