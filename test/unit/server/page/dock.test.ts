import { expect, test } from 'vitest'
import { dockOf } from '../../../../src/server/page/dock.ts'

function docksWhere(isOn: boolean) {
  const docks: { icon: string }[] = []
  dockOf(() => isOn).setup({ docks: { register: (dock) => docks.push(dock) } })
  return docks
}

test('DevTools gets a dock with the page, and an icon that is loaded from nowhere', () => {
  expect(docksWhere(true)).toEqual([
    {
      id: 'vite-tether',
      title: 'vite-tether',
      type: 'iframe',
      url: '/__tether/',
      icon: expect.stringMatching(/^data:/),
    },
  ])
})

test('DevTools gets no dock where there is no page', () => {
  expect(docksWhere(false)).toEqual([])
})
