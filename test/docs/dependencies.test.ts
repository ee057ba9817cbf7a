import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { checkout, textOf } from './page.ts'

const { dependencies, devDependencies } = JSON.parse(readFileSync(`${checkout}package.json`, 'utf8')) as {
  dependencies: Record<string, string>
  devDependencies: Record<string, string>
}

test.each([
  ['at run time', 'At run time:', dependencies],
  ['for development', 'For development:', devDependencies],
])('CONTRIBUTING.md has one sentence for each dependency %s, and for no other package', (_when, title, packages) => {
  const [, after = ''] = textOf('CONTRIBUTING.md').split(`${title}\n\n`)
  const [list = ''] = after.split('\n\n')
  const reasons = [...list.matchAll(/^- `([^`]+)`: (.+(?:\n {2}.+)*)$/gm)]
  expect(new Set(reasons.map(match => match[1]))).toEqual(new Set(Object.keys(packages)))
  expect(reasons).toHaveLength(Object.keys(packages).length)
  for (const [, name, reason] of reasons) expect(reason, name).toMatch(/^[^]{8,}\.$/)
})

test('versions are exact', () => {
  const versions = Object.values({ ...dependencies, ...devDependencies })
  expect(versions.filter(version => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version))).toEqual([])
})
