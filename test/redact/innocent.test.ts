import { globSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { formsOf } from '../support/forms.ts'
import { collected, redactorOf, samples } from './samples.ts'

const ordinary = [
  ...globSync('src/**/*.ts'),
  ...globSync('tools/**/*.ts'),
  ...globSync('node_modules/*/README.md'),
].map(path => ({ path, text: readFileSync(path, 'utf8') }))

/** Secrets that differ from this one in a letter or digit about its middle. */
function nearly(secret: string): readonly string[] {
  const characters = [...secret]
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
