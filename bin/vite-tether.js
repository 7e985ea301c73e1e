#!/usr/bin/env node
// Without this, a node that is too old would fail in the middle of our code, by an error that names neither its version nor the cure.
// No `await`, and nothing is imported before: older ones could not even read this file.
const [major, minor] = process.versions.node.split('.').map(Number)
const isSupported = major === 20 ? minor >= 19 : major === 22 ? minor >= 12 : major > 22

if (process.versions.bun) {
  // by `bun --bun` or `bunx --bun`: it would start the app's process with flags that only node knows
  console.error(
    `[vite-tether] This is Bun ${process.versions.bun}, and vite-tether runs with node: \`npx vite-tether ${process.argv.slice(2).join(' ')}\`, or bunx without --bun.`,
  )
  process.exitCode = 1
} else if (isSupported) import('../dist/cli.js')
else {
  console.error(
    `[vite-tether] This is Node ${process.versions.node}, and vite-tether needs Node ^20.19.0 || >=22.12.0.`,
  )
  console.error(
    `Install a newer one, as by \`nvm install 22\` or from https://nodejs.org; this one is ${process.execPath}.`,
  )
  process.exitCode = 1
}
