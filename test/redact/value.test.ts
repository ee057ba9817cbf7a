import { describe, expect, test } from 'vitest'
import { createRedactor, minimumSecretLength } from '../../src/redact/redactor.ts'
import { Refusal } from '../../src/refusal.ts'
import { Secret } from '../../src/secret.ts'
import { findForms } from '../support/forms.ts'
import { label, redactorOf, samples } from './samples.ts'

const secret = samples['a GitHub token']
const redactor = redactorOf(secret)

function parse(text: string, pieces = 1) {
  const collector = redactor.collect()
  const size = Math.ceil(text.length / pieces)
  for (let at = 0; at < text.length; at += size) collector.push(text.slice(at, at + size))
  return collector.end('json').value
}

describe('a value', () => {
  test('is redacted in every string and every key', () => {
    const value = {
      [secret]: 1,
      list: ['x', `a ${secret} b`, { deep: [[encodeURIComponent(secret)]] }],
      ok: true,
      no: null,
    }
    expect(redactor.value(value)).toEqual({
      [label]: 1,
      list: ['x', `a ${label} b`, { deep: [[label]] }],
      ok: true,
      no: null,
    })
  })

  test('is redacted in numbers, since digits can be a secret', () => {
    const pin = redactorOf('1234567890123')
    expect(pin.value([1234567890123, 12, 1.5, 1234567890123n])).toEqual([label, 12, 1.5, label])
  })

  test('becomes JSON', () => {
    expect(redactor.value({ a: undefined, b: [undefined, Number.NaN, 5n, Symbol('s')], c: new Date(0) })).toEqual({
      b: [null, 'NaN', '5', 'Symbol(s)'],
      c: '1970-01-01T00:00:00.000Z',
    })
    expect(redactor.value(new Error(`failed with ${secret}`))).toBe(`Error: failed with ${label}`)
    expect(redactor.value(Buffer.from(`bytes: ${secret}`))).toBe(`bytes: ${label}`)
    expect(redactor.value({ secret: new Secret('github', secret) })).toEqual({ secret: label })
    expect(redactor.value(new URL(`https://example.com/?key=${secret}`))).toBe(`https://example.com/?key=${label}`)
    expect(redactor.value(undefined)).toBe(null)
  })

  test('keeps a key named __proto__ as a key', () => {
    const value = redactor.value(JSON.parse(`{"__proto__":{"admin":true},"constructor":"${secret}"}`)) as object
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    expect('admin' in value).toBe(false)
    expect(JSON.stringify(value)).toBe(`{"__proto__":{"admin":true},"constructor":"${label}"}`)
  })

  test('may be deep or refer to itself', () => {
    let deep: unknown = secret
    for (let level = 0; level < 10_000; level += 1) deep = level % 2 === 0 ? [deep] : { a: deep }
    expect(JSON.stringify(redactor.value(deep))).toContain('[too deep]')
    const ring: { name: string; self?: unknown } = { name: secret }
    ring.self = { a: ring, b: [ring] }
    expect(redactor.value(ring)).toEqual({ name: label, self: { a: '[circular]', b: ['[circular]'] } })
  })

  test('keeps what was redacted already as it is', () => {
    const collector = redactor.collect()
    collector.push(`{"a":"${secret}"}`)
    expect(redactor.value({ status: 200, body: collector.end('json') })).toEqual({ status: 200, body: { a: label } })
  })

  test('is not trusted because it looks redacted, or was redacted for another secret', () => {
    expect(redactor.value({ body: { value: secret } })).toEqual({ body: { value: label } })
    const other = redactorOf('something-else').collect()
    other.push(secret)
    expect(redactor.value({ body: other.end('text') })).toEqual({ body: label })
  })
})

describe('a text that is JSON', () => {
  test('is parsed after it was redacted', () => {
    const text = JSON.stringify({ token: secret, list: [Buffer.from(secret).toString('base64')], n: 1 })
    for (const pieces of [1, 7, text.length]) expect(parse(text, pieces)).toEqual({ token: label, list: [label], n: 1 })
  })

  test('stays text if it does not parse, or if it asks for text', () => {
    expect(parse(`{"token":"${secret}"`)).toBe(`{"token":"${label}"`)
    expect(parse('')).toBe('')
    const collector = redactor.collect()
    collector.push('[1]')
    expect(collector.end('text').value).toBe('[1]')
  })

  test('stays text if it is too deep', () => {
    const deep = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)
    expect(parse(deep(10_000))).toBe(deep(10_000))
    expect(parse(`{"a":${deep(100_000)}}`)).toBe(`{"a":${deep(100_000)}}`)
    expect(typeof parse(deep(900))).toBe('object')
  })

  test('keeps a key named __proto__ as a key', () => {
    const value = parse(`{"__proto__":{"admin":true},"x":"\\u005c${secret}"}`) as object
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    expect('admin' in value).toBe(false)
  })

  test('shows no form after the escapes of JSON are gone', () => {
    const units = (text: string) => [...text].map(c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')
    const hex = Buffer.from(secret).toString('hex')
    const bytes = JSON.stringify(Buffer.from(secret)).replaceAll('"', '\\"')
    for (const hidden of [units(hex), units(units(secret)), units(encodeURIComponent(units(secret))), units(bytes)]) {
      const value = parse(`{"a":"${hidden}"}`) as { a: string }
      expect(findForms(value.a, secret), hidden).toEqual([])
      expect(value.a).toContain(label)
    }
  })
})

describe('a secret that is too short', () => {
  test.each(['', 'x', '1234567', '\n1234567\n', '😀😀😀😀'])('is refused: %j', value => {
    expect(() => createRedactor([new Secret('github', value)])).toThrow(Refusal)
    try {
      createRedactor([new Secret('github', value)])
    } catch (error) {
      expect((error as Refusal).code).toBe('credential_unavailable')
      expect((error as Refusal).message).toContain('[credential github] is shorter than 8 characters')
    }
  })

  test('is one of fewer than eight characters', () => {
    expect(minimumSecretLength).toBe(8)
    expect(redactorOf('12345678').text('<12345678>')).toBe(`<${label}>`)
  })
})

test('without secrets nothing is changed', () => {
  const none = createRedactor([])
  expect(none.text(`\\u0067 %67 ${secret}`)).toBe(`\\u0067 %67 ${secret}`)
  expect(none.value({ a: [secret, 1] })).toEqual({ a: [secret, 1] })
})
