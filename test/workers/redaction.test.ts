import { describe, expect, test } from 'vitest'
import { Secret } from '../../src/secret.ts'
import { Redaction } from '../../src/workers/redaction.ts'
import { seeded } from '../support/random.ts'

/* What a worker redacts over many calls: what it holds, what calls were signed with, what the target gave. */

const random = seeded(20_261_123)
const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const value = (length = 40) => Array.from({ length }, () => random.pick([...letters])).join('')

function redactionOf(...leased: string[]): Redaction {
  const redaction = new Redaction(() => {})
  redaction.lease(leased.map(each => new Secret('key', each)))
  return redaction
}

describe('what calls were signed with', () => {
  test('is redacted for a good while after they have ended', () => {
    const redaction = redactionOf(value())
    const tokens = Array.from({ length: 120 }, () => [value(), value(), value()])
    for (const [call, signed] of tokens.entries()) {
      redaction.sign(
        call,
        signed.map(each => new Secret('key', each)),
      )
      expect(redaction.current.text(`<${signed.join('><')}>`)).toBe('<[credential key]>'.repeat(3))
      redaction.ended(call)
    }
    const newest = tokens.slice(-30).flat()
    const answer = redaction.current.text(newest.join(' | '))
    for (const each of newest) expect(answer).not.toContain(each.slice(0, 12))
  })

  test('is redacted as long as they run, however many there are', () => {
    const redaction = redactionOf(value())
    const tokens = Array.from({ length: 200 }, () => value())
    for (const [call, token] of tokens.entries()) redaction.sign(call, [new Secret('key', token)])
    const answer = redaction.current.text(tokens.join('\n'))
    for (const token of tokens) expect(answer).not.toContain(token.slice(0, 12))
  })
})

test('what is leased is redacted whatever comes and goes beside it', () => {
  const [key, cookie] = [value(), `${value(20)}7`]
  const redaction = redactionOf(key)
  for (let call = 0; call < 50; call += 1) {
    redaction.sign(call, [new Secret('key', value())])
    redaction.learn('key', [`${value(24)}7`])
    redaction.ended(call)
    expect(redaction.current.text(`a ${key} b`)).toBe('a [credential key] b')
  }
  redaction.learn('key', [cookie])
  redaction.lease([new Secret('key', value())])
  expect(redaction.current.text(`a ${cookie} b`)).toBe('a [credential key] b')
})

test('what is too short to be redacted is not taken, and what was leased before still is redacted', () => {
  const key = value()
  const redaction = redactionOf(key)
  expect(() => redaction.lease([new Secret('vault', 'abc')])).toThrow('is shorter than 8 characters')
  expect(redaction.current.text(`a ${key} b`)).toBe('a [credential key] b')
})

test('a word that a target gives is no secret', () => {
  const redaction = redactionOf(value())
  redaction.learn('key', ['darkmode', 'en-US', 'preferences', 'true'])
  expect(redaction.current.text('darkmode en-US preferences true')).toBe('darkmode en-US preferences true')
})

test('a target that gives ever new characters does not make it grow, nor be forgotten', () => {
  const key = value()
  const redaction = redactionOf(key)
  for (let round = 0; round < 60; round += 1) {
    const strange = Array.from({ length: 100 }, (_, index) => String.fromCodePoint(0x4e00 + round * 100 + index)).join(
      '',
    )
    redaction.learn('key', [`${strange}7`])
    expect(redaction.current.text(`${key} ${strange}7`)).toBe('[credential key] [credential key]')
  }
})
