import { expect, test } from 'vitest'
import { isLoopbackHost, isPlainHost } from '../../../../src/server/allowed-hosts.ts'
import { createGate, createSecret } from '../../../../src/server/sessions/gate.ts'
import { deriveKeys } from '../../../../src/shared/session/auth.ts'
import { FakeClock } from '../../../support/clock.ts'

test.each([
  'localhost',
  'localhost:5173',
  'LOCALHOST',
  'a.localhost:1',
  '127.0.0.1',
  '127.9.9.9:80',
  '::1',
  '[::1]',
  '[::1]:5173',
])('%s is reached from this machine only, and no DNS server can point it here', (host) => {
  expect([isLoopbackHost(host), isPlainHost(host)]).toEqual([true, true])
})

test.each(['192.168.1.5', '0.0.0.0', '0.0.0.0:80', '::', '[::]:80', '[fe80::1]:80', '10.0.0.1:1'])(
  '%s is reached from elsewhere, but no DNS server can point it here',
  (host) => {
    expect([isLoopbackHost(host), isPlainHost(host)]).toEqual([false, true])
  },
)

test.each([
  '',
  'example.com',
  'localhost.example.com',
  '127.0.0.1.example.com',
  'xlocalhost',
  '1.2.3',
  'localhost:80:80',
  '[::1',
])('%j is neither', (host) => {
  expect([isLoopbackHost(host), isPlainHost(host)]).toEqual([false, false])
})

test('secrets are 32 random bytes', () => {
  const secrets = Array.from({ length: 100 }, createSecret)
  expect(new Set(secrets).size).toBe(100)
  for (const secret of secrets) expect(Buffer.from(secret, 'base64url')).toHaveLength(32)
})

test('neither key of a secret tells the other or the secret', () => {
  const secret = createSecret()
  const { gate, proof } = deriveKeys(secret)
  expect(new Set([gate, proof.toString('base64url'), secret]).size).toBe(3)
})

test('failures are free up to ten in a minute', () => {
  const clock = new FakeClock()
  const gate = createGate(createSecret(), clock)
  const penalties = () => Array.from({ length: 12 }, () => gate.penalty())
  expect(penalties()).toEqual([...Array(10).fill(0), 1_000, 1_000])
  clock.advance(60_000)
  expect(penalties()).toEqual([...Array(10).fill(0), 1_000, 1_000])
})
