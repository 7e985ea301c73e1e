/** The function that Node's server calls for an export that answers requests. */
import type { RequestListener } from 'node:http'
import { failed } from './failed.ts'
import { fetchListener } from './fetch-listener.ts'
import type { Answerer } from './recognise.ts'

/** One request whose answer fails ends no other: an error that the export throws, or rejects with, is printed and answered with 500. */
export function listenerOf(answerer: Answerer): RequestListener {
  return answerer.kind === 'fetch' ? fetchListener(answerer.fetch) : guarded(answerer.handle)
}

function guarded(handle: RequestListener): RequestListener {
  return async function (this: unknown, ...args) {
    try {
      await Reflect.apply(handle, this, args)
    } catch (error) {
      console.error(error)
      failed(args[1])
    }
  }
}
