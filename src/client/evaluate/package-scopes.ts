/** Finds the folders from which package names resolve alike. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The scopes found so far. Each folder is looked at once: Node, too, does not notice packages that are installed later. */
export class Scopes {
  readonly #scopes = new Map<string, string>()

  /**
   * The innermost folder around `folder` with a `node_modules` or a `package.json`. Package names resolve from there for all
   * folders below, see https://nodejs.org/api/esm.html#resolution-algorithm-specification.
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
