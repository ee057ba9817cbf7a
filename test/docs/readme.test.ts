import { readFileSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { sentences } from '../../src/refusal.ts'
import { promises } from '../promises.ts'
import { makeHome } from '../support/home.ts'
import { commandsOf } from './commands.ts'
import { blocksOf, checkout, rowsOf, textOf } from './page.ts'

const home = makeHome()
afterAll(() => home.remove())

const { scripts } = JSON.parse(readFileSync(`${checkout}package.json`, 'utf8')) as { scripts: Record<string, string> }

test('the README makes the promises that tests prove, word for word', () => {
  const made = rowsOf('README.md', /^P\d+$/)
  expect(made).toEqual(Object.entries(promises).map(([name, { promise }]) => [name, promise]))
})

test('the README lists every code of a refusal, with the sentence that an agent reads', () => {
  const codes = Object.entries(sentences).map(([code, sentence]) => [`\`${code}\``, sentence])
  expect(rowsOf('README.md', /^`[a-z_]+`$/).filter(cells => cells.length === 2)).toEqual(codes)
})

test('the README lists every command of the program', async () => {
  const listed = rowsOf('README.md', /^`keyhold /).map(
    ([command = '']) => /^`keyhold ([a-z ]*[a-z])/.exec(command)?.[1],
  )
  expect(new Set(listed)).toEqual(new Set((await commandsOf(home)).map(({ name }) => name)))
})

test('the two commands of a fresh machine stand in the README, and their scripts exist', () => {
  const lines = blocksOf('sh', ['README.md']).map(({ text }) => text)
  expect(lines.slice(0, 2)).toEqual(['npm ci && npm run demo\n', 'npm ci && npm test\n'])
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining(['demo', 'test']))
})

test('every npm script that a document names exists', () => {
  const named = ['README.md', 'CONTRIBUTING.md'].flatMap(page =>
    [...textOf(page).matchAll(/npm run ([\w:-]+)/g)].map(match => match[1] as string),
  )
  expect(named.length).toBeGreaterThan(3)
  expect(named.filter(name => scripts[name] === undefined)).toEqual([])
})
