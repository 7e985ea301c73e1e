/** Another host, as far as Linux can pretend one: a network namespace, which sees nothing of a project. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type Running, run } from './child.ts'
import { createProject } from './project.ts'

/** A host of its own. */
export interface RemoteHost {
  /** Where it finds this machine. */
  readonly gateway: string
  /** Runs a program there, from `cwd`, with nothing in the folder `hidden`. */
  run(
    command: string,
    args: readonly string[],
    options: { cwd: string; hidden: string; env: NodeJS.ProcessEnv },
  ): Running
}

const ip = (...args: string[]) => execFileSync('ip', args, { stdio: 'pipe' })

/** Why no namespace can be made here, if so. */
export function whyNoNamespaces(): string | undefined {
  if (process.platform !== 'linux') return 'network namespaces are Linux only'
  if (process.getuid?.() !== 0) return 'network namespaces need root'
  const name = `tether-try-${process.pid}`
  try {
    ip('netns', 'add', name)
    ip('netns', 'delete', name)
    return undefined
  } catch (error) {
    return `ip netns: ${(error as Error).message.trim().split('\n').at(-1)}`
  }
}

/** Makes one for this test, at the end of a cable of its own. */
export function createRemoteHost(): RemoteHost {
  const name = `tether-${process.pid}`
  const [here, there] = [`th${process.pid}`, `tt${process.pid}`]
  // of the block for benchmarks of network devices: nobody's
  const [gateway, address] = ['198.18.77.1', '198.18.77.2']
  ip('netns', 'add', name)
  // takes the cable with it
  onTestFinished(() => void ip('netns', 'delete', name))
  ip('link', 'add', here, 'type', 'veth', 'peer', 'name', there, 'netns', name)
  ip('address', 'add', `${gateway}/30`, 'dev', here)
  ip('link', 'set', here, 'up')
  ip('-n', name, 'address', 'add', `${address}/30`, 'dev', there)
  for (const device of ['lo', there]) ip('-n', name, 'link', 'set', device, 'up')
  return {
    gateway,
    run(command, args, { cwd, hidden, env }) {
      // the mount is seen in the namespace only
      const script = 'mount -t tmpfs none "$0" && cd "$1" && shift && exec "$@"'
      const running = run('ip', ['netns', 'exec', name, 'sh', '-c', script, hidden, cwd, command, ...args], { env })
      onTestFinished(() => running.end())
      return running
    },
  }
}

/** A key and a certificate that it has signed itself, for an address. */
export function createCertificate(address: string): { key: Buffer; cert: Buffer; file: string } {
  const { root } = createProject({})
  const [key, cert] = [join(root, 'key'), join(root, 'cert')]
  const what = ['-subj', '/CN=test', '-addext', `subjectAltName=IP:${address}`, '-days', '2']
  const how = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  execFileSync('openssl', ['req', ...how, '-keyout', key, '-out', cert, ...what], { stdio: 'pipe' })
  return { key: readFileSync(key), cert: readFileSync(cert), file: cert }
}

/** An address of this machine that other machines can reach, if it has one. */
export function outsideAddress(): string | undefined {
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? [])
  return addresses.find(({ internal, family }) => !internal && family === 'IPv4')?.address
}
