import { describe, expect, test } from 'vitest'
import { findForms, formsOf } from '../support/forms.ts'
import { collected, label, pieces, redactorOf, samples, seeded } from './samples.ts'

const positions: Record<string, readonly [before: string, after: string]> = {
  alone: ['', ''],
  'at the start': ['', ' and more'],
  'at the end': ['It is ', ''],
  'in JSON': ['{"id":1,"token":"', '","next":null}'],
  'in a header': ['GET / HTTP/1.1\r\nAuthorization: Bearer ', '\r\nHost: example.com\r\n'],
  'in a query': ['https://example.com/?q=1&key=', '&page=2'],
  'in HTML': ['<p title="', '">text</p>'],
}

describe.each(Object.entries(samples))('%s becomes its label', (_, secret) => {
  const redactor = redactorOf(secret)

  test.each(Object.entries(positions))('in every form, %s, however the text is cut', (_position, [before, after]) => {
    const random = seeded(1)
    for (const [name, form] of Object.entries(formsOf(secret))) {
      const text = before + form + after
      const expected = before + label + after
      expect(redactor.text(text), name).toBe(expected)
      expect(collected(redactor, [text]), `${name}, whole`).toBe(expected)
      expect(collected(redactor, text.split('')), `${name}, by characters`).toBe(expected)
      expect(collected(redactor, pieces(text, random)), `${name}, in random pieces`).toBe(expected)
    }
  })

  test('in base64 of a longer text, and the rest of that stays', () => {
    for (const before of ['', 'x', 'ab', 'user:', 'Bearer ', 'token=']) {
      for (const after of ['', '\n', ':x', ', more']) {
        for (const alphabet of ['base64', 'base64url'] as const) {
          const text = Buffer.from(before + secret + after).toString(alphabet)
          const shown = redactor.text(text)
          expect(findForms(shown, secret), text).toEqual([])
          const [start = '', end = '', ...more] = shown.split(label)
          expect(more).toEqual([])
          expect(text.startsWith(start) && text.endsWith(end), shown).toBe(true)
          // Only the characters at the borders mix bits of the secret with those of its neighbours.
          expect(start.length).toBe(Math.ceil((Buffer.byteLength(before) * 8) / 6))
          const left = text.replace(/=+$/, '').length - Math.floor((Buffer.byteLength(before + secret) * 8) / 6)
          if (after !== '' || !text.endsWith('=')) expect(end.replace(/=+$/, '').length).toBe(left)
          else expect(end).toBe('')
        }
      }
    }
  })

  test('in base64 that is folded', () => {
    const whole = Buffer.from(`some text before ${secret} and some after`).toString('base64')
    for (const fold of ['\n', '\r\n', '\\n', '\\r\\n', '\\\\n', '%0A', '\n    ', '\r\n\t']) {
      for (const width of [4, 19, 64, 76]) {
        const text = (whole.match(new RegExp(`.{1,${width}}`, 'g')) ?? []).join(fold)
        const shown = redactor.text(text)
        expect(shown, text).toContain(label)
        expect(findForms(shown, secret), text).toEqual([])
        expect(collected(redactor, text.split(''))).toBe(shown)
      }
    }
  })

  test('in hexadecimal digits of any case, however they are separated', () => {
    const pairs = Buffer.from(secret).toString('hex').match(/../g) ?? []
    const mixed = pairs.map((pair, index) => (index % 3 === 0 ? pair.toUpperCase() : pair))
    for (const separator of ['', ':', '-', ' ', '%3A', '%20', ':\n    ', '\n', ', 0x', ',0x', ' 0x']) {
      expect(redactor.text(`0${separator}${mixed.join(separator)}${separator}`)).toBe(
        `0${separator}${label}${separator}`,
      )
    }
    const dump = pairs.map((pair, index) => pair + (index % 2 === 1 ? ' ' : '')).join('')
    expect(redactor.text(`<${dump.trim()}>`)).toBe(`<${label}>`)
  })

  test('as the bytes of a Buffer in JSON', () => {
    const json = { type: 'Buffer', data: label }
    expect(redactor.text(JSON.stringify(Buffer.from(secret)))).toBe(
      JSON.stringify(json).replaceAll(`"${label}"`, `[${label}]`),
    )
    const pretty = JSON.stringify({ key: [...Buffer.from(secret)] }, null, 4)
    expect(redactor.text(pretty)).toContain(label)
    expect(redactor.text(pretty).length).toBeLessThan(100)
  })
})

describe('a value of several lines', () => {
  const key = `${samples['a private key']}\n`
  const redactor = redactorOf(key)

  test.each([
    ['its own line breaks', '\n'],
    ['CR LF', '\r\n'],
    ['CR', '\r'],
    ['escaped', '\\n'],
    ['escaped CR LF', '\\r\\n'],
    ['escaped twice', '\\\\n'],
    ['escaped for a URL', '%0A'],
    ['CR LF for a URL', '%0d%0a'],
    ['escaped for HTML', '&#10;'],
  ])('is found with line breaks as %s', (_, lineBreak) => {
    const text = key.trimEnd().replaceAll('\n', lineBreak)
    expect(redactor.text(`key: ${text};`)).toBe(`key: ${label};`)
  })

  test('is found in base64 and hex of either line ending', () => {
    for (const each of [key, key.replaceAll('\n', '\r\n')]) {
      for (const encoding of ['base64', 'base64url', 'hex'] as const) {
        const shown = redactor.text(`key ${Buffer.from(each).toString(encoding)} end`)
        expect(shown).toMatch(/^key \[credential github\]\S{0,6} end$/)
      }
    }
  })

  test('is found without the line break that ends its file', () => {
    expect(redactor.text(key.trimEnd())).toBe(label)
    expect(redactor.text(key)).toBe(`${label}\n`)
  })
})

test('a secret that was stored with a final line break is found without it', () => {
  expect(redactorOf('hunter2hunter2\n').text('the password is hunter2hunter2.')).toBe(`the password is ${label}.`)
})

test('plain text is compared with case', () => {
  const redactor = redactorOf('correcthorse')
  expect(redactor.text('CorrectHorse CORRECTHORSE correcthorse')).toBe(`CorrectHorse CORRECTHORSE ${label}`)
})

const entities =
  '& amp|< lt|> gt|" quot|\' apos|! excl|# num|$ dollar|% percnt|( lpar|) rpar|* ast|+ plus|, comma|. period|/ sol|' +
  ': colon|; semi|= equals|? quest|@ commat|[ lsqb|\\ bsol|] rsqb|^ Hat|_ lowbar|` grave|{ lcub|} rcub|\t Tab'

test.each(entities.split('|'))('the name that HTML has for a mark is known: %s', entry => {
  const [mark = '', name] = entry.split(' ')
  expect(redactorOf(`abcd${mark}efgh`).text(`<abcd&${name};efgh>`)).toBe(`<${label}>`)
})

describe('the yardstick that other tests search with', () => {
  test.each(Object.entries(samples))('sees every form of %s, in text and in bytes', (_, secret) => {
    for (const [name, form] of Object.entries(formsOf(secret))) {
      expect(findForms(`{"a":"${form}"}`, secret)).toContain(name)
      expect(findForms(Buffer.from(`{"a":"${form}"}`), secret)).toContain(name)
      expect(findForms(Buffer.from(`{"a":"${form}"}`, 'utf16le'), secret)).toContain(name)
    }
  })

  test('sees mixed and nested forms, and nothing where nothing is', () => {
    expect(findForms('hunter%32\\u0068&#117;nter2', 'hunter2hunter2')).not.toEqual([])
    expect(findForms(JSON.stringify(JSON.stringify({ a: 'p"a\\ss w&rd' })), 'p"a\\ss w&rd')).not.toEqual([])
    expect(findForms('hunter2 hunter3 %32 \\u0068 &#117;', 'hunter2hunter2')).toEqual([])
    expect(findForms(Buffer.from('hunter2 hunter3'), 'hunter2hunter2')).toEqual([])
  })
})
