// Writes the lockfile of the image again: `npm run lock`, when packages are added to worker/package.json, or new versions wanted.
import { execSync } from 'node:child_process'
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'

const worker = new URL('worker/', import.meta.url)
const tarball = new URL('vite-tether.tgz', worker)
const lockfile = new URL('package-lock.json', worker)
const run = (command, cwd) => execSync(command, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })

try {
  const name = run(
    `npm pack --ignore-scripts --pack-destination ${JSON.stringify(worker.pathname)}`,
    new URL('../../', import.meta.url),
  ).trim()
  renameSync(new URL(name, worker), tarball)
  // npm would keep what it knows of a tarball of this name, its dependencies included
  const { 'node_modules/vite-tether': _, ...packages } = JSON.parse(readFileSync(lockfile, 'utf8')).packages
  writeFileSync(lockfile, JSON.stringify({ ...JSON.parse(readFileSync(lockfile, 'utf8')), packages }))
  run('npm install --package-lock-only', worker)
  const lock = JSON.parse(readFileSync(lockfile, 'utf8'))
  // it is packed anew for each image
  delete lock.packages['node_modules/vite-tether'].integrity
  writeFileSync(lockfile, `${JSON.stringify(lock, null, 2)}\n`)
} finally {
  rmSync(tarball, { force: true })
}
