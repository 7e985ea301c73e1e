import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { attached } from '../../support/hmr-driver.ts'

test.each(["import './x.js'", "import * as x from './x.js'", "export * from './x.js'", "import('./x.js')", ''])(
  'a module has the newest text of a file that a plugin puts into it, besides: %s',
  async (code) => {
    const app = await attached.start({
      entry: '/main.js',
      files: {
        'main.js': "import { text } from './a.js'\nlog(text)\nimport.meta.hot.accept()",
        'a.js': `${code}\nexport const text = __TEXT__`,
        'x.js': 'export default 1',
      },
      plugins: [
        {
          name: 'text-of-x',
          transform(source, id) {
            if (!id.endsWith('/a.js')) return undefined
            const x = id.replace(/a\.js$/, 'x.js')
            this.addWatchFile(x)
            return source.replace('__TEXT__', JSON.stringify(readFileSync(x, 'utf8')))
          },
        },
      ],
    })
    for (const n of [2, 3]) await app.logsAfter(() => app.write('x.js', `export default ${n}`), `export default ${n}`)
    expect(app.logs.at(-1)).not.toMatch(/failed/)
  },
)
