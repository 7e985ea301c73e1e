/** Folders from which a package's name means the same. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Each folder is looked at once: Node, too, does not notice later what is installed in between. */
export class Scopes {
  readonly #scopes = new Map<string, string>()

  /**
   * The innermost folder around `folder` with a `node_modules` or a `package.json`, from which everything below is resolved,
   * see https://nodejs.org/api/esm.html#resolution-algorithm-specification.
   */
  of(folder: string): string {
    const known = this.#scopes.get(folder)
    if (known !== undefined) return known
    const parent = dirname(folder)
    const isScope = parent === folder || ['node_modules', 'package.json'].some((name) => existsSync(join(folder, name)))
    const scope = isScope ? folder : this.of(parent)
    this.#scopes.set(folder, scope)
    return scope
  }
}
