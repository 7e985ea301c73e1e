/** The error of an import of a name that a module does not have. */
import { importPlace } from './import-place.ts'
import { didYouMean } from './util/nearest.ts'

/**
 * The SyntaxError for a named import that a module does not have, in Node's words. No frame of the importer is on the stack,
 * because it has not run: the stack is the place of the import in its source. If there is no source, or in an update, the message
 * names the importer. `names` are those that the module has: the nearest is suggested.
 */
export function missingExport(
  name: string,
  specifier: string,
  format: 'module' | 'commonjs',
  importer: { file: string; url: string },
  names: Iterable<string>,
  isUpdate = false,
): SyntaxError {
  const place = importPlace(importer.file, specifier, name)
  const known = [...names]
  // spelt well: Node has only not found it in the code of the CommonJS module
  const meant = known.includes(name) ? '' : didYouMean(name, known)
  const where = `${isUpdate || !place ? `, which ${importer.url} imports` : ''}${meant && `.${meant}`}`
  const error = new SyntaxError(
    format === 'module'
      ? `The requested module '${specifier}' does not provide an export named '${name}'${where}`
      : `Named export '${name}' not found.${meant} The requested module '${specifier}' is a CommonJS module, which may not support all ` +
          'module.exports as named exports.\nCommonJS modules can always be imported via the default export, for example using:\n\n' +
          `import pkg from '${specifier}';\nconst { ${name} } = pkg;\n`,
  )
  const at = place ? `${place.file}:${place.line}:${place.column}` : importer.file
  error.stack = `SyntaxError: ${error.message}\n    at ${at}`
  return error
}
