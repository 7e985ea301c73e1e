/** The lines of a generated module. */

/** A line that exports a property of `$` under its name. */
export function passOn(name: string, index: number): string {
  return `const $${index} = $[${JSON.stringify(name)}]\nexport { $${index} as ${JSON.stringify(name)} }\n`
}
