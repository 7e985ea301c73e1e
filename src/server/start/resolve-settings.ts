/** Settings of a config about the names of modules. */
import type { Alias, DevEnvironment } from 'vite'

/** Modules whose code is made of their own text and of what is noted, by nothing but Vite and this package. */
export const PLAIN = /\.(?:[cm]?[jt]s|[jt]sx|json)$/

/** All that the aliases of a config may make of a specifier. */
export function aliased(specifier: string, aliases: readonly Alias[]): string[] {
  return aliases.flatMap(({ find, replacement }) => {
    if (typeof find !== 'string') return find.test(specifier) ? specifier.replace(find, replacement) : []
    return specifier === find || specifier.startsWith(`${find}/`) ? replacement + specifier.slice(find.length) : []
  })
}

/** A setting of the config that makes Vite look where this does not. */
export function settingThatIsNotNoted(environment: DevEnvironment): string | undefined {
  const { envPrefix = 'VITE_' } = environment.getTopLevelConfig()
  const { resolve } = environment.config
  const others: Record<string, boolean> = {
    envPrefix: String(envPrefix) !== 'VITE_',
    'resolve.extensions': resolve.extensions.some((extension) => !PLAIN.test(`x${extension}`)),
    'resolve.preserveSymlinks': resolve.preserveSymlinks,
    'resolve.alias': environment.getTopLevelConfig().resolve.alias.some(({ customResolver }) => customResolver),
  }
  const name = Object.keys(others).find((each) => others[each])
  return name && `there is the setting ${name}`
}
