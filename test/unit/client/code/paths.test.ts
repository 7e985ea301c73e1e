import { win32 } from 'node:path'
import { expect, test } from 'vitest'
import { Paths } from '../../../../src/client/code/paths.ts'

const paths = new Paths('/home/me/app', '/srv/app/')

test('paths of two machines map the server’s root to this one’s and back, and nothing else', () => {
  expect(paths.toLocal('/srv/app/src/a.ts')).toBe('/home/me/app/src/a.ts')
  expect(paths.toLocal('/srv/app')).toBe('/home/me/app')
  expect(paths.toLocal('/srv/application/a.ts')).toBe('/srv/application/a.ts')
  expect(paths.toServer('/home/me/app/src/a.ts')).toBe('/srv/app/src/a.ts')
  expect(paths.toServer('/other/a.ts')).toBe('/other/a.ts')
})

test('paths of two machines give each module a file, and a script name that tells queries apart', () => {
  expect(paths.place({ id: '/srv/app/a.ts?x=1', file: '/srv/app/a.ts' })).toEqual({
    file: '/home/me/app/a.ts',
    script: '/home/me/app/a.ts?x=1',
  })
  expect(paths.place({ id: '\0virtual:x?y', file: null })).toEqual({
    file: '/home/me/app/virtual:x',
    script: '/home/me/app/virtual:x?y',
  })
})

test('paths of two machines turn what a user writes into what the server understands', () => {
  expect(paths.toRequest('/src/a.ts')).toBe('/src/a.ts')
  expect(paths.toRequest('./a.ts')).toBe('./a.ts')
  expect(paths.toRequest('/home/me/app/src/a.ts?raw')).toBe('/srv/app/src/a.ts?raw')
  expect(paths.toRequest('file:///home/me/app/a%20b.ts?raw')).toBe('/srv/app/a b.ts?raw')
  expect(paths.toRequest('/@fs/home/me/app/a.ts')).toBe('/srv/app/a.ts')
  expect(paths.toRequest('/@fs//home/me/app/a.ts')).toBe('/srv/app/a.ts')
  expect(paths.toRequest('\0virtual:x')).toBe('/@id/__x00__virtual:x')
  expect(paths.toRequest('virtual:x')).toBe('virtual:x')
  expect(paths.toRequest('virtual:x?t=1700000000000')).toBe('virtual:x')
  expect(paths.toRequest('/a.ts?t=1700000000000&raw')).toBe('/a.ts?raw')
  expect(paths.toRequest('/a.ts?raw&t=1700000000000')).toBe('/a.ts?raw')
  expect(paths.toRequest('/a.ts?t=12')).toBe('/a.ts?t=12')
})

test('paths of two machines know the ids of URLs and the URLs of ids', () => {
  expect(paths.urlToId('/src/a.ts')).toBe('/srv/app/src/a.ts')
  expect(paths.urlToId('/srv/app/src/a.ts')).toBe('/srv/app/src/a.ts')
  expect(paths.urlToId('/@fs/other/a.ts')).toBe('/other/a.ts')
  expect(paths.urlToId('/@id/__x00__virtual:x')).toBe('\0virtual:x')
  expect(paths.urlToId('file:///home/me/app/a.ts')).toBe('/srv/app/a.ts')
  expect(paths.idToUrl('/srv/app/src/a.ts')).toBe('/src/a.ts')
  expect(paths.idToUrl('/other/a.ts')).toBe('/@fs/other/a.ts')
  expect(paths.idToUrl('\0virtual:x')).toBe('\0virtual:x')
})

const own = new Paths('C:\\Users\\me\\app', 'C:/Users/me/app', win32)

test('paths of Windows have backslashes here and none on the wire', () => {
  const id = 'C:/Users/me/app/src/a.ts'
  expect(own.place({ id: `${id}?x=1`, file: id })).toEqual({
    file: 'C:\\Users\\me\\app\\src\\a.ts',
    script: 'C:\\Users\\me\\app\\src\\a.ts?x=1',
  })
  expect(own.toServer('C:\\Users\\me\\app\\src\\a.ts')).toBe(id)
  expect(own.toRequest('C:\\Users\\me\\app\\src\\a.ts')).toBe(id)
  expect(own.toRequest('file:///C:/Users/me/app/src/a.ts?raw')).toBe(`${id}?raw`)
  expect(own.toRequest('D:\\shared\\a.ts')).toBe('D:/shared/a.ts')
  expect(own.toRequest('/@fs/C:/Users/me/app/src/a.ts')).toBe(id)
  expect(own.urlToId('/@fs/D:/shared/a.ts')).toBe('D:/shared/a.ts')
  expect(own.idToUrl('D:/shared/a.ts')).toBe('/@fs/D:/shared/a.ts')
  expect(own.idToUrl(id)).toBe('/src/a.ts')
})

test('paths of Windows of the server mean this machine’s, whatever that runs', () => {
  const runner = new Paths('/home/me/app', 'C:/Users/me/app')
  expect(runner.toLocal('C:/Users/me/app/src/a.ts')).toBe('/home/me/app/src/a.ts')
  expect(runner.toRequest('/home/me/app/src/a.ts')).toBe('C:/Users/me/app/src/a.ts')
  expect(runner.place({ id: 'C:/Users/me/app/a.ts', file: 'C:/Users/me/app/a.ts' }).file).toBe('/home/me/app/a.ts')
  expect(new Paths('C:\\app', '/srv/app', win32).toLocal('/srv/app/a.ts')).toBe('C:\\app\\a.ts')
  expect(new Paths('C:\\app', '/srv/app', win32).toRequest('file:///C:/app/a.ts')).toBe('/srv/app/a.ts')
})
