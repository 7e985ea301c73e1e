import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'

/** Names under which workers reach this machine, in containers and in a local cluster. */
export const hosts = ['localhost', 'host.docker.internal', 'host.minikube.internal']

/** The secrets that Vite and its workers share, made at the first start: a token, and a certificate that signs itself. */
export function secrets(folder: string): { token: string; key: string; cert: string } {
  const [token, key, cert] = ['token.key', 'key.pem', 'cert.pem'].map((name) => `${folder}/${name}`) as [
    string,
    string,
    string,
  ]
  if (!existsSync(token)) {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const names = `subjectAltName=${hosts.map((host) => `DNS:${host}`)},IP:127.0.0.1`
    const how = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '365']
    const what = ['-keyout', key, '-out', cert, '-subj', '/CN=vite-tether', '-addext', names]
    execFileSync('openssl', [...how, ...what], { stdio: 'ignore' })
    writeFileSync(token, randomBytes(32).toString('base64url'), { mode: 0o600 })
  }
  return { token: readFileSync(token, 'utf8').trim(), key, cert }
}
