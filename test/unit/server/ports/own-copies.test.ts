/** A process that has begun before there was a server: the copies of its ports come with its first words. */
import type { ChildProcess } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { HeldPorts } from '../../../../src/server/ports/held-ports.ts'
import type { FromApp, ToApp } from '../../../../src/shared/ports.ts'

function startProcess(ports: HeldPorts) {
  const sent: ToApp[] = []
  const child = Object.assign(new EventEmitter(), {
    connected: true,
    pid: 1,
    send(message: ToApp, _handle: unknown, _options: unknown, done: (error: null) => void) {
      sent.push(message)
      setImmediate(done, null)
    },
  })
  return {
    sent,
    child: ports.join(child as unknown as ChildProcess),
    says: (message: FromApp, handle?: object) => child.emit('message', message, handle),
  }
}

const own = (key: string): [FromApp, object][] => [
  [
    { say: 'copy', key, port: 3000, path: undefined, inode: undefined },
    { fd: 9, close() {} },
  ],
  [{ say: 'listens', key }, {}],
]

test.each([
  ['in one piece', undefined],
  ['one after the other', nextTurn],
])('its own ports are not given to it as those of its last process, whether all is read %s', async (_, pause) => {
  const ports = new HeldPorts({ name: 'app', unable: (reason) => expect.fail(reason), failed() {} })
  const first = startProcess(ports)
  first.child.turn()
  for (const [message, handle] of [[{ say: 'hello' }, undefined] as const, ...own('a'), ...own('b')]) {
    first.says(message as FromApp, handle)
    // Node hands on all that it has read before anybody who waits for the first of it goes on
    if (pause) await pause()
  }
  await expect.poll(() => first.sent.map(({ say }) => say)).toEqual(['go'])
  expect(ports.open).toEqual([3000, 3000])

  // the next one gets them, as it has sent none
  const next = startProcess(ports)
  next.child.turn()
  next.says({ say: 'hello' })
  await expect.poll(() => next.sent.map(({ say }) => say)).toEqual(['give', 'give', 'go'])
  ports.release()
})
