/** Watches calls of what no file has: other processes and threads, the network, the machine, chance and the clock. */
import childProcess from 'node:child_process'
import crypto from 'node:crypto'
import dgram from 'node:dgram'
import dns from 'node:dns'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import net from 'node:net'
import os from 'node:os'
import vm from 'node:vm'
import { watchClock } from './asked-clock.ts'
import { type Caller, isLoadedPackage } from './callers.ts'
import type { Patch } from './patches.ts'

/** Functions that tell of a machine or of a network. What stays as long as a machine is in the name of what is kept. */
const MACHINE = ['hostname', 'networkInterfaces', 'userInfo', 'freemem', 'loadavg', 'uptime', 'getPriority']
/** Functions whose reads are not seen: they call Node's insides. */
const UNSEEN = ['glob', 'globSync', 'cp', 'cpSync', 'statfs', 'statfsSync']
/** Functions that answer by chance. Two processes do not agree on many bits of it, but may on few. */
const CHANCE = ['randomInt', 'randomBytes', 'randomFill', 'randomFillSync', 'getRandomValues', 'pseudoRandomBytes']
/** Functions of `vm` that run code with a `Date` and a `Math` of its own. */
const CONTEXTS = ['createContext', 'runInNewContext']

/** Native code that is Vite's. */
const NATIVE = /[\\/](?:@?rolldown|lightningcss|fsevents)/

/** Has `doubt` told of each. Returns what `patch` does not put back. */
export function watchUnknowable(patch: Patch, doubt: (reason: string, by: Caller) => void): () => void {
  const watch = (object: object, names: readonly string[], reason: string) => {
    for (const name of names) patch(object, name, (_, by) => doubt(reason, by))
  }
  for (const api of [fs, fs.promises])
    for (const name of UNSEEN) patch(api, name, (_, by) => doubt(`${name}() is called`, by))
  const starting = ['spawn', 'exec', 'execFile', 'fork'].flatMap((each) => [each, `${each}Sync`])
  watch(childProcess, starting, 'a process is started')
  watch(childProcess.ChildProcess.prototype, ['spawn'], 'a process is started')
  const require = createRequire(import.meta.url)
  // here, because the command's first file has no use for them in most starts
  watch(require('node:worker_threads') as object, ['Worker'], 'a thread is started')
  watch(net.Socket.prototype, ['connect'], 'a socket is opened')
  watch(net.Server.prototype, ['listen'], 'a socket is opened')
  watch(dgram.Socket.prototype, ['bind', 'send'], 'a socket is opened')
  for (const name of MACHINE) patch(os, name, (_, by) => doubt(`os.${name}() is asked`, by))
  for (const api of [dns, dns.promises, dns.Resolver.prototype, dns.promises.Resolver.prototype]) {
    const asking = Reflect.ownKeys(api).filter((each) => /^(?:lookup|resolve|reverse|getServers)/.test(String(each)))
    watch(api, asking as string[], 'an address is looked up')
  }
  patch(process, 'dlopen', ([, file], by) => {
    if (!NATIVE.test(String(file))) doubt('native code is loaded', by)
  })
  const chance = (_: unknown[], by: Caller) => {
    // a name of its own, like no other: two server processes do not agree on code that has it in it
    if (!isLoadedPackage(by)) doubt('chance is asked', by)
  }
  patch(Math, 'random', chance)
  for (const name of CHANCE) patch(crypto, name, chance)
  patch(Object.getPrototypeOf(crypto.webcrypto) as object, 'getRandomValues', chance)
  watch(vm, CONTEXTS, 'another world is made')
  watch(vm.Script.prototype, ['runInNewContext'], 'another world is made')
  return watchClock((by) => doubt('a clock is asked', by))
}
