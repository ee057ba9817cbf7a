import { describe, expect, test } from 'vitest'
import { createRedactor } from '../../src/redact/redactor.ts'
import { Secret } from '../../src/secret.ts'
import { hexOf, jwtOf, randomBytesOf, textOf, uuidOf } from './random-values.ts'
import { collected, label, pieces, redactorOf, seeded } from './samples.ts'

const random = seeded(41)
const reversed = (text: string) => [...text].reverse().join('')

/** Values of which every twelve characters behind the head are found; the head is what everybody knows. */
const values: Record<string, readonly [head: string, secret: string]> = {
  'a token of GitHub': ['ghp_', textOf(random, 36)],
  'a key of Stripe': ['sk_live_', textOf(random, 24)],
  'hexadecimal digits': ['', hexOf(random, 32)],
  base64: ['', randomBytesOf(32, random).toString('base64').replace(/=+$/, '')],
  base64url: ['', randomBytesOf(48, random).toString('base64url')],
  'a secret key of AWS': ['', randomBytesOf(30, random).toString('base64')],
  'a password behind its user': ['agent:', textOf(random, 30)],
  'a signature made per call, in digits': ['', hexOf(random, 32)],
  'a JWT made per call': ((jwt: string) => {
    const at = jwt.lastIndexOf('.') + 1
    return [jwt.slice(0, at), jwt.slice(at)] as const
  })(jwtOf(random)),
}

/** What nobody would write by chance, in every way to write it that is looked for. */
function writingsOf(part: string): Record<string, string> {
  const encoded = [0, 1, 2].flatMap(offset =>
    (['base64', 'base64url'] as const).map(alphabet => {
      const text = Buffer.from(`${'~'.repeat(offset)}${part}~~~`).toString(alphabet)
      const [begin, end] = [Math.ceil((offset * 8) / 6), Math.floor(((offset + part.length) * 8) / 6)]
      return [`${alphabet} behind ${offset} bytes`, text.slice(begin, end)]
    }),
  )
  return {
    plain: part,
    reversed: reversed(part),
    hex: Buffer.from(part).toString('hex'),
    HEX: Buffer.from(part).toString('hex').toUpperCase(),
    'hex of reversed': Buffer.from(reversed(part)).toString('hex'),
    'base64 of reversed': Buffer.from(reversed(part))
      .toString('base64')
      .slice(0, Math.floor((part.length * 8) / 6)),
    ...Object.fromEntries(encoded),
  }
}

describe.each(Object.entries(values))('%s', (_, [head, secret]) => {
  const redactor = redactorOf(head + secret)

  test('every twelve characters of its secret become its label, in every writing', () => {
    for (let at = 0; at + 12 <= secret.length; at += 1) {
      for (const [writing, text] of Object.entries(writingsOf(secret.slice(at, at + 12)))) {
        expect(redactor.text(`"${text}"`), `${writing} from ${at}`).toBe(`"${label}"`)
      }
    }
  })

  test('a stretch of any length is found in full, however the text is cut', () => {
    for (let round = 0; round < 60; round += 1) {
      const at = random(secret.length - 12)
      const part = secret.slice(at, at + 12 + random(secret.length - at - 12))
      for (const [writing, text] of Object.entries(writingsOf(part))) {
        const whole = `before ${text} after`
        const expected = `before ${label} after`
        expect(redactor.text(whole), writing).toBe(expected)
        expect(collected(redactor, whole.split('')), `${writing}, by characters`).toBe(expected)
        expect(collected(redactor, pieces(whole, random)), `${writing}, in pieces`).toBe(expected)
      }
    }
  })

  test('the same is found in token characters that go on and on, whatever the pieces', () => {
    for (let round = 0; round < 30; round += 1) {
      const at = random(secret.length - 12)
      const text = `${'x9Q'.repeat(random(30))}~${secret.slice(at, at + 12)}~${'Kd7'.repeat(random(30))}`.replaceAll(
        '~',
        '',
      )
      const shown = redactor.text(text)
      expect(shown).toContain(label)
      expect(collected(redactor, text.split(''))).toBe(shown)
      expect(collected(redactor, pieces(text, random, 40))).toBe(shown)
    }
  })

  test('eleven characters come out as they are', () => {
    for (let at = 0; at + 11 <= secret.length; at += 1) {
      const part = secret.slice(at, at + 11)
      expect(redactor.text(`"${part}"`)).toBe(`"${part}"`)
    }
  })

  test('bytes with twelve of them do not pass', () => {
    const part = secret.slice(-12)
    const noise = Buffer.from([0xff, ...randomBytesOf(500, random)])
    for (const bytes of [
      Buffer.from(part),
      Buffer.from(part, 'utf16le'),
      Buffer.from(Buffer.from(part).toString('hex')),
    ]) {
      expect(redactor.bytes(Buffer.concat([noise, bytes, noise]))).toBeNull()
    }
    expect(redactor.bytes(Buffer.concat([noise, Buffer.from(part.slice(1)), Buffer.from([0]), noise]))).not.toBeNull()
    const overBorder = Buffer.concat([Buffer.alloc(65_530, '~'), Buffer.from(part), noise])
    expect(redactor.bytes(overBorder)).toBeNull()
  })

  test('values are searched through', () => {
    const part = secret.slice(3, 20)
    expect(redactor.value({ [part]: [`see ${part}`, { a: reversed(part) }] })).toEqual({
      [label]: [`see ${label}`, { a: label }],
    })
  })
})

test('a part that touches the whole becomes one label with it', () => {
  const [head, secret] = values['a token of GitHub'] ?? ['', '']
  const redactor = redactorOf(head + secret)
  const overlapping = secret.slice(0, 20) + head + secret
  expect(redactor.text(`<${head}${secret}>`)).toBe(`<${label}>`)
  expect(redactor.text(`<${overlapping}>`)).toBe(`<${label}${label}>`)
  const twice = 'Zx8Kq2LmN9pRsT4uVwXyZx8Kq2LmN9pRsT'
  expect(redactorOf(twice).text(`<${twice}4uVwXyZx8Kq2L>`)).toBe(`<${label}>`)
})

test('parts of several values get the label of their own', () => {
  const [a, b] = [textOf(random, 40), hexOf(random, 20)]
  const redactor = createRedactor([new Secret('a', a), new Secret('b', b)])
  expect(redactor.text(`${a.slice(5, 30)} ${b.slice(5, 30)}`)).toBe('[credential a] [credential b]')
})

describe('values of which no parts are looked for', () => {
  test.each([
    ['words', 'correct-horse-battery-staple-2042'],
    ['words and digits', 'correct7horse3battery5staple2wagon'],
    ['words with capitals', 'CorrectHorseBatteryStaple2024Wagon'],
    ['a phrase', 'the quick brown fox jumps over 13 dogs'],
    ['digits', '31415926535897932384626433832795'],
    ['letters', 'abcdefghijklmnopqrstuvwxyzabcdefgh'],
    ['what counts', 'abcdefghijklmnop0123456789ABCDEFGHIJKL'],
    ['what repeats itself', 'a1B2a1B2a1B2a1B2a1B2a1B2a1B2a1B2'],
    ['what is short', 'x7Kq2LmN9pRsT4uVwX'],
    ['a UUID', uuidOf(random)],
    [
      'marks',
      `${textOf(random, 12, '!$%&()*+,;<=>?@[]^{|}')}${textOf(random, 10)}${textOf(random, 12, '!$%&()*+,;<=>?@[]^{|}')}`,
    ],
    ['a document', Buffer.from(JSON.stringify({ user: 'agent', token: 'of the house', n: 123456 })).toString('base64')],
  ])('%s', (_, value) => {
    const redactor = redactorOf(value)
    for (let at = 0; at + 16 < value.length; at += 1) {
      const part = value.slice(at, at + 16)
      expect(redactor.text(`"${part}"`)).toBe(`"${part}"`)
    }
    expect(redactor.text(`"${value}"`)).toBe(`"${label}"`)
  })
})

test('nearly every random value counts as random, and is found in parts', () => {
  const kinds: Record<string, () => string> = {
    'letters and digits': () => textOf(random, 32),
    digits: () => hexOf(random, 16),
    base64: () => randomBytesOf(24, random).toString('base64'),
    'small letters and digits': () => textOf(random, 40, 'abcdefghijklmnopqrstuvwxyz0123456789'),
  }
  for (const [kind, make] of Object.entries(kinds)) {
    const found = Array.from({ length: 300 }, make).filter(value => {
      const part = value.slice(10, 24)
      return redactorOf(value).text(part) === label
    })
    expect(found.length, kind).toBeGreaterThan(kind.startsWith('small') ? 255 : 285)
  }
})

describe('onPartial', () => {
  const secret = `ghp_${textOf(random, 36)}`
  const told: [string, string][] = []
  const redactor = createRedactor([new Secret('github', secret)], {
    onPartial: (of, run) => told.push([of.label, run]),
  })
  const toldOf = (act: () => unknown) => {
    told.length = 0
    act()
    return told.map(([of, run]) => `${of} ${run}`)
  }

  test('hears of each part once, as it was met', () => {
    const [a, b] = [secret.slice(4, 20), Buffer.from(secret.slice(10, 30)).toString('hex')]
    expect(toldOf(() => redactor.text(`1 ${a} 2 ${b} 3`))).toEqual([`${label} ${a}`, `${label} ${b}`])
    expect(toldOf(() => collected(redactor, `1 ${a} 2 ${b} 3`.split('')))).toEqual([`${label} ${a}`, `${label} ${b}`])
    expect(toldOf(() => redactor.value({ x: [a], [b]: 1 }))).toEqual([`${label} ${a}`, `${label} ${b}`])
    expect(toldOf(() => redactor.bytes(Buffer.from(`1 ${a} 2 ${b} ${a}`)))).toEqual([`${label} ${a}`, `${label} ${b}`])
  })

  test('hears nothing of whole values, nor of what is no part', () => {
    const texts = [secret, `${secret}${secret}`, Buffer.from(secret).toString('base64'), secret.slice(0, 15), 'hello']
    for (const text of texts) {
      expect(toldOf(() => redactor.text(text))).toEqual([])
      expect(toldOf(() => collected(redactor, text.split('')))).toEqual([])
      expect(toldOf(() => redactor.bytes(Buffer.from(text)))).toEqual([])
    }
  })

  test('hears of a part before a text is cut, and not of one behind the limit', () => {
    const heard = toldOf(() => {
      const text = redactor.collect()
      text.push(`x ${secret.slice(10, 30)}`)
      text.limit()
      text.push(`, and ${secret.slice(4, 20)} behind it and so on and on and on`)
      expect(text.settled).toBe(true)
      expect(text.cut().value).toBe(`x ${label}`)
    })
    expect(heard).toEqual([`${label} ${secret.slice(10, 30)}`])
  })

  test('hears of no more than 1,024 characters of one', () => {
    const long = secret.slice(4, 4 + 12)
    const endless = Array.from({ length: 400 }, () => secret.slice(4, 40)).join('')
    const heard = toldOf(() => collected(redactor, pieces(endless, random)))
    expect(heard.length).toBeGreaterThan(0)
    expect(heard.every(each => each.length <= label.length + 1 + 1_024)).toBe(true)
    expect(heard[0]).toContain(long)
  })

  test('is not needed', () => {
    expect(redactorOf(secret).text(secret.slice(10, 30))).toBe(label)
  })
})
