/** Where a build goes: what is served in a folder of its own, beside the one of the server. */
import { isAbsolute, join, relative, resolve } from 'node:path'
import type { ResolvedConfig, UserConfig } from 'vite'
import { TetherError } from '../../shared/errors.ts'

/** The options `build.outDir` of both environments: those that the user has given them, or folders in the one of the whole build. */
export function outDirs({ build, environments }: UserConfig, name: string): { client: string; server: string } {
  const whole = build?.outDir ?? 'dist'
  return {
    client: environments?.client?.build?.outDir ?? join(whole, 'client'),
    server: environments?.[name]?.build?.outDir ?? join(whole, 'server'),
  }
}

/** The two folders, absolute. Throws `ERR_CONFIG` if one lies in the other: browsers would be sent the server's files, or a build would wipe it. */
export function foldersOf({ root, environments }: ResolvedConfig, name: string): { client: string; server: string } {
  const [client, server] = ['client', name].map((each) => resolve(root, environments[each]!.build.outDir)) as [
    string,
    string,
  ]
  if (contains(client, server) || contains(server, client)) {
    throw new TetherError(
      'ERR_CONFIG',
      `Expected the folders of a build with tether({ build: true }) to lie beside each other, got ${client} for browsers and ${server} for the ` +
        `server. Set build.outDir alone, or environments.client.build.outDir and environments.${name}.build.outDir to two folders.`,
    )
  }
  return { client, server }
}

function contains(folder: string, path: string): boolean {
  const way = relative(folder, path)
  return !isAbsolute(way) && !/^\.\.(?:[\\/]|$)/.test(way)
}
