/** Source maps, small enough to be kept and sent by the thousand although few are ever read. */
import { Buffer } from 'node:buffer'
import { deflateRawSync, inflateRawSync } from 'node:zlib'

/**
 * Characters up to which JSON text is left as it is: to deflate the map of a small module takes more than a tenth of a millisecond
 * of the server's start and saves a fifth of it, and where links compress messages they compress that text better.
 */
const SMALL = 4096

/** JSON text of an object; a long one deflated, in base64. Equal text gives an equal result in one version of Node. */
export function pack(json: string): string {
  return json.length <= SMALL ? json : deflateRawSync(json, { level: 1 }).toString('base64')
}

/** What was packed, also after an app has removed the global `Buffer`. Throws zlib's error for anything else. */
export function unpack(packed: string): string {
  return packed.startsWith('{') ? packed : inflateRawSync(Buffer.from(packed, 'base64')).toString()
}
