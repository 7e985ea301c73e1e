/** The end of a WebSocket, as bytes: where there is no library that has accepted it, or it is another one. */

/** The bytes by which a server ends a WebSocket with `code`: its frames are not masked. */
export function closeFrame(code: number): Buffer {
  return Buffer.from([0x88, 0x02, code >> 8, code & 0xff])
}
