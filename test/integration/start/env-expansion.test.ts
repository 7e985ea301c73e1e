/** Variables of env files that take the values of other variables: the shell may have those. */
import { expect, test } from 'vitest'
import { createApp, startOnce } from '../../support/kept-start.ts'

test.each([
  ['by name', { '.env': 'VITE_SAID=$SAID' }],
  ['in braces, within a text', { '.env': `VITE_SAID="a \${SAID}"` }],
  ['with a default', { '.env': `VITE_SAID=\${SAID:-nothing}` }],
  ['by another one, in a nearer file', { '.env': 'OTHER=$SAID', '.env.local': `VITE_SAID=\${OTHER}` }],
])('what they take %s is what the shell has at each start', async (_, files: Record<string, string>) => {
  const project = createApp({ 'src/main.ts': "console.log('app ' + import.meta.env.VITE_SAID)\n", ...files })
  const says = async (value: string) => (await startOnce(project, [], { SAID: value })).says[0]
  expect(await says('first')).toMatch(/^app (a )?first$/)
  expect(await says('second')).toMatch(/^app (a )?second$/)
})

test('a dollar sign that names nothing, or is none of what code sees, keeps no start from being kept', async () => {
  const project = createApp({
    'src/main.ts': "console.log('app ' + import.meta.env.VITE_SAID)\n",
    '.env': 'VITE_SAID=5$ or \\$SAID',
    '.env.local': 'PASSWORD=$SAID',
  })
  expect(await startOnce(project)).toMatchObject({ kept: 1 })
  expect(await startOnce(project)).toMatchObject({ begun: 1, says: ['app 5$ or $SAID'] })
})
