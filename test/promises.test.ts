import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type Promised, promises } from './promises.ts'

const root = new URL('..', import.meta.url).pathname

test('there are ten promises', () => {
  expect(Object.keys(promises)).toEqual(Array.from({ length: 10 }, (_, index) => `P${index + 1}`))
})

test.each(Object.entries<Promised>(promises))('%s is proven by tests that exist and run', (_name, { tests }) => {
  expect(tests.length).toBeGreaterThan(0)
  for (const named of tests) {
    const [file = '', title = ''] = named.split(' > ')
    expect(existsSync(root + file), file).toBe(true)
    const text = readFileSync(root + file, 'utf8')
    expect(text, named).toContain(title)
    // A skipped test proves nothing.
    expect(text).not.toMatch(/\b(?:test|describe|it)\.(?:skip|todo|only)\b/)
  }
})
