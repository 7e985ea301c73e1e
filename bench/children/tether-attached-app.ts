/** The app process of `tether-attached`: `node tether-attached-app.js <entry>`, with TETHER_URL and TETHER_TOKEN. */
const { connect } = (await import('vite-tether/client' as string)) as typeof import('../../src/client.ts')

await connect({ entry: process.argv[2]! })
