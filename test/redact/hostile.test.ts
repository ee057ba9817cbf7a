import { describe, expect, test } from 'vitest'
import { redactorOf, samples, seeded } from './samples.ts'

const size = 1_000_000
const secret = samples['a GitHub token']
const marks = ['\\', '%', '2', '5', '&', '#', '0', 'x', 'u', ';', 'amp;', '6', '7', '1', ' ', ':', '\n', ',', '{', '}']

const texts: Record<string, string> = {
  backslashes: '\\'.repeat(size),
  'percent signs': '%25'.repeat(size / 3),
  'entities of zeros': '&#0000000'.repeat(size / 9),
  'one entity of zeros': `&#${'0'.repeat(size)}`,
  ampersands: `&${'amp;'.repeat(size / 4)}`,
  'beginnings of the secret': secret.slice(0, 15).repeat(size / 15),
  'beginnings of its base64': Buffer.from(secret)
    .toString('base64')
    .slice(0, 19)
    .repeat(size / 19),
  'beginnings of its hex': Buffer.from(secret)
    .toString('hex')
    .slice(0, 31)
    .repeat(size / 31),
  'its first character': 'g'.repeat(size),
  'its first character, escaped': '\\u0067'.repeat(size / 6),
  'any marks of escapes': (random => Array.from({ length: size / 2 }, () => marks[random(marks.length)]).join(''))(
    seeded(5),
  ),
}

// The time limits only tell a search that hangs from one that does not; it takes some 10 ms for most of these texts.
describe.each(Object.entries(texts))('a million characters of %s', (_, text) => {
  test('come out unchanged, in time', { timeout: 10_000 }, () => {
    expect(redactorOf(secret).text(text) === text).toBe(true)
  })

  test('come out unchanged in small pieces, in time', { timeout: 10_000 }, () => {
    const collector = redactorOf(secret).collect()
    for (let at = 0; at < text.length; at += 7) collector.push(text.slice(at, at + 7))
    expect(collector.end('text').value === text).toBe(true)
  })
})

describe.each([
  ['the secret', secret],
  ['its base64', Buffer.from(secret).toString('base64').slice(0, -4)],
  ['its hex', Buffer.from(secret).toString('hex')],
])('a million characters of nearly all of %s', (_, form) => {
  const text = form.slice(0, -1).repeat(size / form.length)
  const expected = redactorOf(secret)
    .text(form.slice(0, -1))
    .repeat(size / form.length)

  test('come out without its parts, in time', { timeout: 10_000 }, () => {
    expect(expected).not.toContain(form.slice(10, 40))
    expect(redactorOf(secret).text(text) === expected).toBe(true)
  })

  test('come out so in small pieces, in time', { timeout: 10_000 }, () => {
    const collector = redactorOf(secret).collect()
    for (let at = 0; at < text.length; at += 7) collector.push(text.slice(at, at + 7))
    expect(collector.end('text').value === expected).toBe(true)
  })
})

test.each([
  ['backslashes', 'pass\\\\\\\\\\\\\\\\\\\\word', '\\'],
  ['percent signs', '%25%25%25%25%25%25', '%25'],
  ['one character', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaab', 'a'],
])('a secret of %s does not make the search explode', { timeout: 10_000 }, (_, value, part) => {
  const text = part.repeat(200_000 / part.length)
  const redactor = redactorOf(value)
  redactor.text(text)
  const collector = redactor.collect()
  for (let at = 0; at < text.length; at += 7) collector.push(text.slice(at, at + 7))
  collector.end('text')
})

test('a million characters full of the secret are redacted in time', { timeout: 10_000 }, () => {
  const redactor = redactorOf(secret)
  const shown = redactor.text(`${secret} `.repeat(size / 41))
  expect(shown).toBe('[credential github] '.repeat(size / 41))
})
