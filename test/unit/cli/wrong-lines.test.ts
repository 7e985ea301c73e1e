import { expect, test } from 'vitest'
import { parseFlags } from '../../../src/cli/flags.ts'

function refused(line: string): string {
  try {
    parseFlags(line.split(' '))
  } catch (error) {
    return (error as Error).message
  }
  throw new Error('It was taken.')
}

test.each([
  ['-P tsconfig.json src/x.ts', /tsconfig\.json beside the files/],
  ['-O {} src/x.ts', /compiler options stand there/],
  ['-T src/x.ts', /Types are never checked/],
  ['--esm src/x.ts', /need no flag/],
  ['--swc src/x.ts', /need no flag/],
  ['--files src/x.ts', /need no flag/],
  ['--script src/x.ts', /vite-tether src\/server\.ts\.$/],
  ['--entry src/x.ts', /vite-tether src\/server\.ts\.$/],
  ['--hmr src/x.ts', /update the app anyway/],
  ['--legacy-watch src/x.ts', /usePolling: true/],
  ['-L src/x.ts', /usePolling: true/],
  ['--poll src/x.ts', /usePolling: true/],
  ['--signal SIGTERM src/x.ts', /tether\(\{ stop: \{ signal: 'SIGTERM' \} \}\)/],
  ['-s SIGTERM src/x.ts', /stop: \{ signal/],
  ['--verbose src/x.ts', /DEBUG=vite-tether:\*/],
  ['--debug src/x.ts', /DEBUG=vite-tether:\*/],
  ['-d src/x.ts', /DEBUG=vite-tether:\*/],
  ['--quiet src/x.ts', /--log-level warn/],
  ['--silent src/x.ts', /--log-level silent/],
  ['-l warn src/x.ts', /--log-level/],
  ['--cwd api src/x.ts', /--root/],
  ['--cls src/x.ts', /--clear-screen/],
  ['--notify=false src/x.ts', /Leave it out/],
  ['--rs src/x.ts', /r \+ enter/],
  ['--exit-child src/x.ts', /Leave it out/],
  ['--ignore-watch x src/x.ts', /--exclude <glob>/],
  ['--env .env src/x.ts', /--env-file=\.env/],
  ['--token abc src/x.ts', /TETHER_TOKEN/],
  ['--open src/x.ts', /vite dev/],
  ['--port src/x.ts', /--port to be a port from 0 to 65535, got 'src\/x\.ts'/],
  ['--force src/x.ts', /Leave it out/],
  ['--build src/x.ts', /vite build/],
])('"vite-tether %s" is answered by what was probably meant', (line, instead) => {
  expect(refused(line)).toMatch(instead)
  expect(refused(line)).not.toMatch(/Did you mean/)
})

test.each([
  ['--logLevel warn src/x.ts', '--log-level'],
  ['--clearScreen src/x.ts', '--clear-screen'],
  ['--onces src/x.ts', '--once'],
])('"vite-tether %s" is answered by the right spelling', (line, flag) => {
  expect(refused(line)).toContain(`Did you mean '${flag}'?`)
})

test.each(['-k', '-y', '-Z'])('a short flag that nobody knows, %s, is not taken for another letter', (flag) => {
  expect(refused(`${flag} src/x.ts`)).toMatch(/^Unknown flag/)
  expect(refused(`${flag} src/x.ts`)).not.toMatch(/Did you mean '-[A-Z]'/)
})
