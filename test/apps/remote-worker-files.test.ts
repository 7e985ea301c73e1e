/** The files with which an operator runs examples/remote-worker: parsed, and held to what makes a worker a good guest. */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { parseAttachFlags } from '../../src/cli/attach-flags.ts'

const folder = resolve(import.meta.dirname, '../../examples/remote-worker')
const read = (file: string) => readFileSync(join(folder, file), 'utf8')

/** The seconds that `dispose` of the modules and the good-bye to Vite may take. */
const LEAVING = 5

/** Instructions of the Dockerfile: name and arguments, continued lines joined. */
const instructions = read('Dockerfile')
  .replace(/\\\n/g, ' ')
  .split('\n')
  .filter((line) => line.trim() !== '' && !line.startsWith('#'))
  .map((line) => /^([A-Z]+)\s+(.*)$/.exec(line))
const argumentsOf = (name: string) => instructions.filter((each) => each?.[1] === name).map((each) => each![2]!.trim())

// biome-ignore lint/suspicious/noExplicitAny: manifests have any shape
const manifests: any[] = parseAllDocuments(read('kubernetes.yaml')).map((document) => {
  expect(document.errors).toEqual([])
  return document.toJS()
})
const [deployment, policy] = manifests
const pod = deployment.spec.template.spec
const [container] = pod.containers
const compose = parse(read('compose.yaml'))

test('the Dockerfile has only instructions that there are, a base of a version, and a user that is not root', () => {
  expect(instructions).not.toContain(null)
  const known = ['FROM', 'WORKDIR', 'COPY', 'RUN', 'USER', 'ENV', 'EXPOSE', 'HEALTHCHECK', 'ENTRYPOINT', 'CMD']
  expect(instructions.map((each) => each![1]).filter((name) => !known.includes(name!))).toEqual([])
  expect(argumentsOf('FROM')).toEqual(['node:22-slim AS package', 'node:22-slim'])
  expect(argumentsOf('USER')).toEqual(['node'])
  const names = instructions.map((each) => each![1])
  expect(names.lastIndexOf('RUN')).toBeLessThan(names.indexOf('USER'))
})

test('the entry point is JSON, gives the signals to the worker, and its arguments are flags that there are', () => {
  const [shell, flag, script, name] = JSON.parse(argumentsOf('ENTRYPOINT')[0]!)
  expect([shell, flag, name]).toEqual(['sh', '-c', 'worker'])
  expect(script).toMatch(/^exec node .*vite-tether\.js attach /)
  const own = script
    .split(' attach ')[1]
    .replace(/ "\$@"$/, '')
    .replaceAll('"', '')
  const values = own.replace('$WAIT', '60').replace('$HEALTH', '8086').split(' ')
  for (const given of [JSON.parse(argumentsOf('CMD')[0]!), container.args]) {
    expect(parseAttachFlags([...values, ...given])).toMatchObject({
      ...{ wait: 60_000, health: { port: 8086 }, entry: 'src/worker.ts' },
      ...{
        url: expect.stringMatching(/^wss:\/\/.*:5199\/__tether$/),
        tokenFile: expect.stringMatching(/^\/run\/secrets\//),
      },
    })
  }
  expect(argumentsOf('ENV')).toEqual(['WAIT=60 HEALTH=8086'])
})

test('containers have an init, time to leave, a probe, and files that nobody can write', () => {
  const { worker } = compose.services
  expect(worker).toMatchObject({ init: true, read_only: true, tmpfs: ['/tmp'], restart: 'on-failure' })
  expect(Number.parseInt(worker.stop_grace_period, 10)).toBeGreaterThan(LEAVING)
  expect(worker.environment.WAIT).toMatch(/^\$\{WAIT:-60\}$/)
  expect(Object.keys(compose.secrets).sort()).toEqual([...worker.secrets].sort())
  const [, probe] = /CMD (\[.*\])$/.exec(argumentsOf('HEALTHCHECK')[0]!)!
  expect(JSON.parse(probe!)).toEqual(['node', '-e', expect.stringContaining('/ready')])
})

test('pods have probes of both kinds, time to leave, limits, and no rights', () => {
  expect(deployment.kind).toBe('Deployment')
  expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(LEAVING)
  expect([container.livenessProbe.httpGet, container.readinessProbe.httpGet]).toEqual([
    { path: '/live', port: 'health' },
    { path: '/ready', port: 'health' },
  ])
  expect(container.ports).toEqual([{ name: 'health', containerPort: 8086 }])
  expect(container.env).toContainEqual({ name: 'WAIT', value: '60' })
  expect(container.securityContext).toEqual({
    ...{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
  })
  expect(pod.securityContext).toMatchObject({ runAsNonRoot: true })
  expect(container.resources.limits.memory).toBeDefined()
  // Kubernetes does not renew a file that is mounted as a subPath
  expect(container.volumeMounts.filter((mount: { subPath?: string }) => mount.subPath)).toEqual([])
  const mounted = container.volumeMounts.map(({ name }: { name: string }) => name)
  expect(pod.volumes.map(({ name }: { name: string }) => name).sort()).toEqual(mounted.sort())
})

test('the network policy is about these pods, and lets in probes and out what a worker needs', () => {
  expect(policy.kind).toBe('NetworkPolicy')
  expect(policy.spec.podSelector.matchLabels).toEqual(deployment.spec.template.metadata.labels)
  expect(policy.spec.policyTypes).toEqual(['Ingress', 'Egress'])
  const ports = (rules: { ports: { port: number }[] }[]) => rules.flatMap((rule) => rule.ports.map(({ port }) => port))
  expect(ports(policy.spec.ingress)).toEqual([8086])
  expect(ports(policy.spec.egress)).toEqual([5199, 3000, 53, 53])
})
