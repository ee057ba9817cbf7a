import { expect, test } from 'vitest'
import { createRedactor } from '../../src/redact/redactor.ts'
import { Secret } from '../../src/secret.ts'
import { findForms } from '../support/forms.ts'
import { collected, redactorOf } from './samples.ts'

function redactorFor(secrets: Record<string, string>) {
  return createRedactor(Object.entries(secrets).map(([name, value]) => new Secret(name, value)))
}

test('each of several secrets becomes its own label', () => {
  const redactor = redactorFor({ id: 'AKIAEXAMPLEKEYID', key: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' })
  expect(redactor.text('id=AKIAEXAMPLEKEYID&key=wJalrXUtnFEMI%2FK7MDENG%2BbPxRfiCYEXAMPLEKEY')).toBe(
    'id=[credential id]&key=[credential key]',
  )
})

test('of secrets that begin alike, the longest is named', () => {
  const redactor = redactorFor({ short: 'abcdefgh', long: 'abcdefghijkl' })
  for (const text of ['abcdefghijkl', 'x abcdefghijkl abcdefghijk']) {
    const expected = text.replace('abcdefghijkl', '[credential long]').replace('abcdefghijk', '[credential short]ijk')
    expect(redactor.text(text)).toBe(expected)
    expect(collected(redactor, text.split(''))).toBe(expected)
  }
})

test('a secret within a longer one that does not come to its end is still found', () => {
  const redactor = redactorFor({ inner: 'SECRET-INNER', outer: 'outer-SECRET-INNER-outer' })
  for (const [text, expected] of [
    ['<outer-SECRET-INNER-outer>', '<[credential outer]>'],
    ['<outer-SECRET-INNER-oute>', '<outer-[credential inner]-oute>'],
    ['<outer-SECRET-INNER-', '<outer-[credential inner]-'],
  ] as const) {
    expect(redactor.text(text)).toBe(expected)
    expect(collected(redactor, text.split(''))).toBe(expected)
  }
})

test('secrets that overlap are removed together, and nothing of either is left', () => {
  const redactor = redactorFor({ first: 'abcdefgh12', second: 'gh12345678901234' })
  expect(redactor.text('<abcdefgh12345678901234>')).toBe('<[credential second]>')
  expect(collected(redactor, '<abcdefgh12345678901234>'.split(''))).toBe('<[credential second]>')
})

test('a secret that overlaps itself is removed as a whole', () => {
  const redactor = redactorOf('aaaaaaaa')
  expect(redactor.text(`<${'a'.repeat(20)}>`)).toBe('<[credential github]>')
  const text = redactor.collect()
  for (let count = 0; count < 50_000; count += 1) text.push('a')
  text.push('!')
  expect(text.end('text').value).toBe('[credential github]!')
  expect(redactorOf('abcabcabc').text('xabcabcabcabcx')).toBe('x[credential github]x')
})

test('secrets side by side become labels side by side', () => {
  const secret = 'hunter2hunter2x'
  expect(redactorOf(secret).text(secret.repeat(3))).toBe('[credential github]'.repeat(3))
})

test('removing a secret from within itself does not put another together', () => {
  const secret = 'ghp_AAABBBBBB'
  const redactor = redactorOf(secret)
  for (let split = 1; split < secret.length; split += 1) {
    const text = secret.slice(0, split) + secret + secret.slice(split)
    for (const shown of [redactor.text(text), collected(redactor, text.split(''))]) {
      expect(shown).toBe(`${secret.slice(0, split)}[credential github]${secret.slice(split)}`)
      expect(findForms(shown, secret)).toEqual([])
    }
  }
})

test.each([
  ['is part of its label', 'credential'],
  ['is its label', '[credential github]'],
  ['contains its label', 'x[credential github]y'],
  ['begins with the end of its label', 'github]abcdefgh'],
  ['begins with the last character of its label', ']aaaaaaa'],
  ['ends with the first character of its label', 'aaaaaaa['],
  ['is part of its label, backwards', 'laitnederc'],
  ['is made of what a label is replaced with', '████████'],
])('a secret that %s leaves no form behind', (_, secret) => {
  const redactor = redactorOf(secret)
  const contexts = [secret, ...Array.from(secret, (_character, at) => secret.slice(0, at) + secret + secret.slice(at))]
  for (const text of [...contexts, secret + secret, `${secret}${secret.slice(1)}`, `${secret.slice(0, -1)}${secret}`]) {
    const shown = redactor.text(text)
    expect(shown).not.toContain(secret)
    expect(findForms(shown, secret), text).toEqual([])
  }
})

test('a label that is harmless is used as it is, although it shares characters with the secret', () => {
  expect(redactorOf('github-token-1').text('github-token-1')).toBe('[credential github]')
  expect(redactorOf('a[b]c[d]e').text('a[b]c[d]e')).toBe('[credential github]')
})
