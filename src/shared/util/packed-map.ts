/** Packs source maps: thousands are kept and sent, and few are ever read. */
import { Buffer } from 'node:buffer'
import { deflateRawSync, inflateRawSync } from 'node:zlib'

/**
 * Longest text that is left as it is, in characters. Deflating the map of a small module takes more than a tenth of a millisecond
 * of the server's start and saves a fifth of its size; links that compress messages compress the plain text better.
 */
const SMALL = 4096

/** Packs the JSON text of an object: a long text is deflated, in base64. Equal texts give equal results in one version of Node. */
export function pack(json: string): string {
  return json.length <= SMALL ? json : deflateRawSync(json, { level: 1 }).toString('base64')
}

/** The text that was packed. Imports `Buffer`: an app may have removed the global one. Throws zlib's error for anything else. */
export function unpack(packed: string): string {
  return packed.startsWith('{') ? packed : inflateRawSync(Buffer.from(packed, 'base64')).toString()
}
