import { describe, expect, test } from 'vitest'
import { base62, hexOf, jwtOf, textOf } from './random-values.ts'
import { label, redactorOf, seeded } from './samples.ts'

/*
 * An agent that makes an API give its own text back sees what is redacted in it. If it knew eleven characters in a row of what is searched
 * for, it could try each twelfth one and read a key off, character by character. So nothing that it can know may be among these.
 */

const random = seeded(97)
const any = (length: number) => textOf(random, length)
const base64 = (text: string) => Buffer.from(text).toString('base64').replace(/=+$/, '')

/** What is the same for all, or shown by the provider, as `known`; the rest as `secret`. */
interface Piece {
  readonly known?: string
  readonly secret?: string
}

const open = (text: string): Piece => ({ known: text })
const hidden = (text: string): Piece => ({ secret: text })

const jwt = jwtOf(random)
const behindPayload = jwt.lastIndexOf('.') + 1

const formats: Record<string, readonly Piece[]> = {
  'a token of GitHub': [open('ghp_'), hidden(any(36))],
  'a fine-grained token of GitHub': [open(`github_pat_${any(22)}_`), hidden(any(59))],
  'a key of Stripe, with the account': [open(`sk_live_51${any(16)}`), hidden(any(80))],
  'a token of Slack, with team and bot': [open('xoxb-123456789012-1234567890123-'), hidden(any(24))],
  'a webhook of Slack': [open('https://hooks.slack.com/services/T01ABCDEFGH/B01ABCDEFGH/'), hidden(any(24))],
  'a token of Telegram': [open('1234567890:AA'), hidden(textOf(random, 33, `${base62}_`))],
  'a token of Discord': [open(`${base64('123456789012345678')}.GzAbCd.`), hidden(any(38))],
  'a key of OpenAI': [open('sk-proj-'), hidden(any(74)), open('T3BlbkFJ'), hidden(any(74))],
  'a key of Anthropic': [open('sk-ant-api03-'), hidden(`${any(93)}AA`)],
  'a key of Google': [open('AIzaSy'), hidden(any(33))],
  'a key of SendGrid': [open(`SG.${any(22)}.`), hidden(any(43))],
  'a key of Postman': [open(`PMAK-${hexOf(random, 12)}-`), hidden(hexOf(random, 17))],
  'a key of Airtable': [open(`pat${any(14)}.`), hidden(hexOf(random, 32))],
  'a key of Tailscale': [open(`tskey-auth-${any(12)}CNTRL-`), hidden(any(32))],
  'a token of Databricks': [open('dapi'), hidden(hexOf(random, 16))],
  'a key of Mailchimp': [hidden(hexOf(random, 16)), open('-us21')],
  'a token of Atlassian': [open('ATATT3xFfGF0'), hidden(any(172)), open('=1A2B3C4D')],
  'a key of Azure': [hidden(any(52)), open('JQQJ99BFACAAAAAAAAAAAAASAZDO1a2b')],
  'a token of Sentry': [
    open(`sntrys_${base64('{"iat":1767225600.1,"url":"https://sentry.io","org":"acme"}')}_`),
    hidden(any(43)),
  ],
  'a token of PyPI': [
    open(base64('\x02\x01\x08pypi.org\x02$123e4567-e89b-12d3-a456-426614174000\0\x02*[3,"123e4567-e89b"]\0\0\x06 ')),
    hidden(any(43)),
  ],
  'a token of Fernet': [open('gAAAAABlkg8AAAAAAAAA'), hidden(any(120)), open('==')],
  'a session token of AWS': [
    open(
      `${base64(`!\n\torigin_ec\x10z\x1a\tus-east-1"H0F\x02`)}${any(60)}${base64('\x1a\x0c123456789012"\x0c')}${any(300)}`,
    ),
  ],
  'a JWT': [open(jwt.slice(0, behindPayload)), hidden(jwt.slice(behindPayload))],
  'a Basic string': [open(base64('deploy-agent')), open(base64(`:${any(24)}`))],
  'user and password': [open('deploy-agent-of-acme:'), hidden(any(30))],
  'a document with a key': [open(base64(JSON.stringify({ user: 'agent', region: 'eu', k: any(40) })))],
}

function textOfPieces(pieces: readonly Piece[]): string {
  return pieces.map(piece => piece.known ?? piece.secret ?? '').join('')
}

/** All stretches of this length in a value, and whether they have something in them that can be known. */
function stretches(pieces: readonly Piece[], length: number): { text: string; isKnown: boolean }[] {
  const text = textOfPieces(pieces)
  const marks = pieces
    .map(({ known, secret = '' }) => (known === undefined ? 's'.repeat(secret.length) : 'k'.repeat(known.length)))
    .join('')
  return Array.from({ length: text.length - length + 1 }, (_, at) => ({
    text: text.slice(at, at + length),
    isKnown: marks.slice(at, at + length).includes('k'),
  }))
}

/** A stretch as it is, reversed, and in what its bytes alone determine of hexadecimal digits and base64. */
function echoes(text: string): readonly string[] {
  return [text, [...text].reverse().join('')].flatMap(each => [
    each,
    Buffer.from(each).toString('hex'),
    ...[0, 1, 2].map(offset => {
      const encoded = Buffer.from('~'.repeat(offset) + each).toString('base64')
      return encoded.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + each.length) * 8) / 6))
    }),
  ])
}

describe.each(Object.entries(formats))('%s', (_, pieces) => {
  const value = textOfPieces(pieces)
  const redactor = redactorOf(value)

  test('gives nothing away to who knows what can be known: no stretch with a known character is redacted', () => {
    const withKnown = stretches(pieces, 12).filter(({ isKnown }) => isKnown)
    for (const text of withKnown.flatMap(stretch => echoes(stretch.text))) {
      expect(redactor.text(`"${text}"`)).toBe(`"${text}"`)
    }
  })

  test('gives nothing away with all that is known and up to eleven characters more', () => {
    for (const [index, piece] of pieces.entries()) {
      if (piece.known === undefined) continue
      const before = pieces[index - 1]?.secret ?? ''
      const after = pieces[index + 1]?.secret ?? ''
      if (before + after === '') continue
      for (let more = 0; more <= 11; more += 1) {
        for (const text of [piece.known + after.slice(0, more), before.slice(before.length - more) + piece.known]) {
          if (text !== value) expect(redactor.text(`<${text}>`)).toBe(`<${text}>`)
        }
      }
    }
  })

  test('is found in the middle of what is secret, and as a whole', () => {
    for (const { secret = '' } of pieces) {
      if (secret === '') continue
      const middle = Math.floor(secret.length / 2)
      expect(redactor.text(`"${secret.slice(middle - 6, middle + 6)}"`)).toBe(`"${label}"`)
    }
    expect(redactor.text(value)).toBe(label)
  })
})

test('the head of a key tells nothing while fewer than twelve of its characters are right, wherever a text is cut', () => {
  const value = `ghp_${any(36)}`
  const redactor = redactorOf(value)
  const shownOf = (guess: string) => {
    const text = redactor.collect()
    text.push(`${'x'.repeat(50)} ${guess}`)
    text.limit()
    text.push('y'.repeat(100))
    return { settled: text.settled, shown: text.cut().value as string }
  }
  for (let length = 1; length < 16; length += 1) {
    const right = value.slice(0, length)
    const wrong = `${value.slice(0, length - 1)}~`
    expect(shownOf(right)).toEqual({ settled: true, shown: `${'x'.repeat(50)} ${right}` })
    expect(shownOf(wrong)).toEqual({ settled: true, shown: `${'x'.repeat(50)} ${wrong}` })
  }
})

test('how much is held back depends on the kinds of characters, not on which they are', () => {
  const value = any(40)
  const redactor = redactorOf(value)
  const released = (text: string) => {
    const collector = redactor.collect()
    collector.push(text)
    return collector.length
  }
  for (let length = 1; length < 12; length += 1) {
    const wrong = value
      .slice(5, 5 + length)
      .split('')
      .reverse()
      .join('')
    expect(released(`! ${value.slice(5, 5 + length)}`)).toBe(released(`! ${wrong}`))
  }
})
