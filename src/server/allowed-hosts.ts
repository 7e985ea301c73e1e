/** Which hosts a request may name: an attacker's DNS server can point a name of theirs to this machine. */
import { isIP } from 'node:net'

/** Vite's rule for `server.allowedHosts`: addresses and `localhost` always; a leading dot covers the domain and its subdomains. */
export function isAllowedHost(header: string, allowed: readonly string[]): boolean {
  const host = header.replace(/:\d+$/, '').toLowerCase()
  if (isPlainHost(header)) return true
  return allowed.some((each) => (each.startsWith('.') ? host === each.slice(1) || host.endsWith(each) : host === each))
}

/** `true` if a `Host` header is an address or `localhost`: no attacker's DNS server can point such a name here. */
export function isPlainHost(header: string): boolean {
  const host = hostOf(header)
  return isIP(host) !== 0 || isLocalName(host)
}

/** `true` if a host, with or without a port, can be reached from this machine only. */
export function isLoopbackHost(header: string): boolean {
  const host = hostOf(header)
  const v4 = host.replace(/^::ffff:/, '')
  return isLocalName(host) || host === '::1' || (isIP(v4) === 4 && v4.startsWith('127.'))
}

const isLocalName = (host: string): boolean => host === 'localhost' || host.endsWith('.localhost')

/** The host without port and brackets. A bare IPv6 address has colons but no port. */
function hostOf(header: string): string {
  const host = header.toLowerCase()
  if (isIP(host) === 6) return host
  return host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')
}
