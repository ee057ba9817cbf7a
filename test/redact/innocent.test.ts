import { globSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { formsOf } from '../support/forms.ts'
import { corpus } from './corpus.ts'
import { randomValues } from './random-values.ts'
import { collected, isFoundInParts, redactorOf, samples, seeded } from './samples.ts'

const ordinary = [
  ...globSync('src/**/*.ts'),
  ...globSync('tools/**/*.ts'),
  ...globSync('node_modules/*/README.md'),
].map(path => ({ path, text: readFileSync(path, 'utf8') }))

const innocent = corpus(1)

/** Secrets that differ from this one in a letter or digit about its middle; or in one of every eight, where parts are found. */
function nearly(secret: string): readonly string[] {
  const characters = [...secret]
  if (isFoundInParts(secret)) {
    return ['Q', 'z', '~'].map(other => characters.map((each, index) => (index % 8 === 4 ? other : each)).join(''))
  }
  const half = Math.floor(characters.length / 2)
  const middle = characters.findIndex((character, index) => index >= half && /[\p{L}\d]/u.test(character))
  const other = characters[middle] === 'Q' ? 'R' : 'Q'
  return [
    characters.with(middle, other),
    characters.toSpliced(middle, 1),
    characters.toSpliced(middle, 0, other),
    [...characters.slice(middle), '~~', ...characters.slice(0, middle)],
  ].map(each => each.join(''))
}

describe.each(Object.entries(samples))('%s', (_, secret) => {
  const redactor = redactorOf(secret)

  test('is not seen in source files and documentation', () => {
    expect(ordinary.length).toBeGreaterThan(100)
    for (const { path, text } of ordinary) expect(redactor.text(text) === text, path).toBe(true)
  })

  test('is not seen in what is nearly the secret, in any form', () => {
    for (const near of nearly(secret)) {
      for (const [name, form] of Object.entries(formsOf(near))) {
        expect(redactor.text(`"${form}"`), name).toBe(`"${form}"`)
        expect(collected(redactor, `"${form}"`.split('')), name).toBe(`"${form}"`)
      }
    }
  })
})

test('without a secret in it, a text comes out byte for byte as it was, also in pieces', () => {
  const redactor = redactorOf(...Object.values(samples))
  for (const { path, text } of ordinary.slice(0, 50))
    expect(collected(redactor, text.split('')) === text, path).toBe(true)
})

describe.each([1, 20, 200])('%i random values', count => {
  const random = seeded(count)
  const values = randomValues(count, random)
  const redactor = redactorOf(...values)

  test.each(Object.keys(innocent))('are not seen in %s, whole or in part', { timeout: 120_000 }, kind => {
    const texts = innocent[kind] ?? []
    expect(texts.reduce((sum, { text }) => sum + text.length, 0)).toBeGreaterThan(300_000)
    for (const { name, text } of texts) expect(redactor.text(text) === text, name).toBe(true)
  })

  test('are seen there, once each, where they are put', () => {
    const [{ text } = { text: '' }] = innocent['source code'] ?? []
    for (const value of values) {
      const at = random(text.length)
      expect(redactor.text(`${text.slice(0, at)} ${value} ${text.slice(at)}`).split('[credential github]').length).toBe(
        2,
      )
    }
  })
})
