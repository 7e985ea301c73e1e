/** The file with the server's token: read again for each attempt to connect, as tokens are changed while workers run. */
import { readFileSync } from 'node:fs'
import { TetherError } from '../shared/errors.ts'

/** Reads the token from the file. Throws `ERR_CONFIG` if that is no token. */
export function readToken(file: string): string {
  const problem = (what: string, cause?: unknown) =>
    new TetherError(
      'ERR_CONFIG',
      `Expected the file of --token-file to hold the server's token, but ${file} ${what}.`,
      { cause },
    )
  let text: string
  try {
    text = readFileSync(file, 'utf8').trim()
  } catch (error) {
    throw problem(`cannot be read (${(error as NodeJS.ErrnoException).code})`, error)
  }
  if (text === '' || /\s/.test(text)) throw problem('is empty or has several words')
  return text
}

/** `error`, which names the file if it is about the token. */
export function namingFile(error: Error, file: string | undefined): Error {
  if (file === undefined || !(error instanceof TetherError) || error.code !== 'ERR_UNAUTHORIZED') return error
  return new TetherError(
    'ERR_UNAUTHORIZED',
    `${error.message}. The token is that of ${file}: does it hold the one that Vite has now?`,
    { cause: error },
  )
}
