/**
 * The two keys of a secret and the proofs made with them (PROTOCOL.md section 9). Server and runner compute both, and compare.
 */
import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto'
import type { HelloFrame, WelcomeFrame } from './protocol.ts'

/** The keys that both sides derive from the secret. */
export interface Keys {
  /** Bearer token, checked before the upgrade. */
  gate: string
  /** Key of the proofs. Never crosses the wire. */
  proof: Buffer
}

/** A fresh random id: 16 bytes, 22 characters. */
export const randomId = (): string => randomBytes(16).toString('base64url')

/** Derives both keys from a secret. */
export function deriveKeys(secret: string): Keys {
  const derive = (label: string): Buffer => Buffer.from(hkdfSync('sha256', secret, '', `tether/1 ${label}`, 32))
  return { gate: derive('gate').toString('base64url'), proof: derive('proof') }
}

/** Values that are new on each link and go into both proofs, so that a recorded link cannot be played back. */
export interface Nonces {
  /** Id of the server process. */
  boot: string
  /** Nonce of the server. */
  challenge: string
  /** Nonce of the runner. */
  hello: string
}

/** The runner's proof that it knows the secret. */
export function proveHello(
  { proof }: Keys,
  { boot, challenge, hello }: Nonces,
  { gen, sid = '', recv, next }: Pick<HelloFrame, 'gen' | 'sid' | 'recv' | 'next'>,
): string {
  return mac(proof, ['tether/1 runner', boot, challenge, hello, gen, sid, recv, next])
}

/** The server's proof that it knows the secret. */
export function proveWelcome(
  { proof }: Keys,
  { boot, challenge, hello }: Nonces,
  { sid, resumed, recv }: Pick<WelcomeFrame, 'sid' | 'resumed' | 'recv'>,
): string {
  return mac(proof, ['tether/1 server', boot, challenge, hello, sid, resumed, recv])
}

/** Compares two texts in a time that does not depend on where they differ. */
export function sameText(a: string, b: string): boolean {
  const key = randomBytes(32)
  const digest = (text: string): Buffer => createHmac('sha256', key).update(text).digest()
  return timingSafeEqual(digest(a), digest(b))
}

function mac(key: Buffer, lines: (string | number | boolean)[]): string {
  return createHmac('sha256', key).update(lines.join('\n')).digest('base64url')
}
