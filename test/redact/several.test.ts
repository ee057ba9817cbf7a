import { describe, expect, test } from 'vitest'
import { combineRedactor, compileSecrets, createRedactor, type Redactor } from '../../src/redact/redactor.ts'
import { Secret } from '../../src/secret.ts'
import { formsOf } from '../support/forms.ts'
import { base62, randomValues, textOf } from './random-values.ts'
import { collected, pieces, type Random, seeded } from './samples.ts'

/** Words of which texts and secrets are both made, so that secrets contain, begin and continue each other. */
const words = ['aaaaaaaa', 'abcdefgh', 'Qw3rTy7U', '\\n', '-----', 'пароль', '[cred', 'ential'] as const

const kinds: Record<string, (random: Random) => readonly string[]> = {
  'values of all kinds': random => randomValues(2 + random(9), random).filter(value => value.length < 100),
  'values that contain each other': random =>
    Array.from({ length: 2 + random(5) }, () =>
      Array.from({ length: 3 + random(3) }, () => words[random(words.length)]).join('x'),
    ),
  'values that share what is found in parts': random => {
    const shared = textOf(random, 60)
    return Array.from({ length: 2 + random(4) }, () => {
      const from = random(20)
      return textOf(random, random(9)) + shared.slice(from, from + 14 + random(26)) + textOf(random, random(9))
    })
  },
}

/** Puts secrets that stay in order into groups that follow one another. */
function splitUp<Item>(items: readonly Item[], random: Random): readonly (readonly Item[])[] {
  const groups: Item[][] = [[]]
  for (const item of items) {
    if (random(2) === 0) groups.push([])
    groups.at(-1)?.push(item)
  }
  return groups
}

/** Writes a text of secrets, forms and parts of them, and others; short and long, side by side and within each other. */
function textWith(values: readonly string[], random: Random): string {
  const written = Array.from({ length: 2 + random(8) }, () => {
    const value = values[random(values.length)] ?? ''
    const forms = Object.values(formsOf(value))
    const form = random(2) === 0 ? value : (forms[random(forms.length)] ?? '')
    const from = random(3) === 0 ? random(form.length) : 0
    const piece = form.slice(from, random(3) === 0 ? from + 8 + random(form.length) : undefined)
    return [piece, piece, words[random(words.length)], textOf(random, random(20), `${base62} "\\%&`)][random(4)] ?? ''
  })
  return written.join(['', '', ' ', '\n'][random(4)])
}

interface Seen {
  readonly redactor: Redactor
  readonly parts: string[]
}

/** One search for all secrets, and one for each group; with what each of them tells of parts. */
function both(secrets: readonly Secret[], random: Random): readonly [Seen, Seen] {
  const [one, several]: [string[], string[]] = [[], []]
  const tell = (to: string[]) => (_secret: Secret, run: string) => void to.push(run)
  const groups = splitUp(secrets, random).map(group => compileSecrets(group))
  return [
    { redactor: createRedactor(secrets, { onPartial: tell(one) }), parts: one },
    { redactor: combineRedactor(groups, { onPartial: tell(several) }), parts: several },
  ]
}

/** All that a redactor does with a text, with pieces and places to stop that are the same for the same seed. */
function everythingOf({ redactor, parts }: Seen, text: string, seed: number) {
  const random = seeded(seed)
  parts.length = 0
  const lengths: number[] = []
  const inPieces = redactor.collect()
  for (const piece of pieces(text, random)) {
    inPieces.push(piece)
    lengths.push(inPieces.length)
  }
  const limitAt = random(text.length + 1)
  const limited = redactor.collect()
  limited.push(text.slice(0, limitAt))
  limited.limit()
  const settled = pieces(text.slice(limitAt), random).map(piece => {
    limited.push(piece)
    return limited.settled
  })
  return {
    whole: redactor.text(text),
    byCharacters: collected(redactor, text.split('')),
    inPieces: inPieces.end('text').value,
    lengths,
    settled,
    cut: limited.cut().value,
    value: redactor.value({ [text]: [text, { text }], bytes: Buffer.from(text) }),
    isClean: redactor.bytes(Buffer.from(text)) !== null,
    isCleanAsUtf16: redactor.bytes(Buffer.from(text, 'utf16le')) !== null,
    // Of bytes each search tells by itself, so a part of a longer part, which is another secret's as well, may be told of too.
    parts: new Set(parts.filter(part => !parts.some(other => other !== part && other.includes(part)))),
  }
}

describe.each(Object.entries(kinds))('secrets in groups: %s', (name, valuesOf) => {
  // Which of two secrets that share a part is named is not the same in each case; that it is replaced is.
  const sharesParts = name.includes('share')

  test('all that comes out is what one search for all of them lets out', () => {
    for (let seed = 1; seed <= 25; seed += 1) {
      const random = seeded(seed)
      const values = [...new Set(valuesOf(random))]
      const secrets = values.map(
        (value, index) => new Secret(sharesParts ? 'all' : `c${index}`, value, { wholeOnly: random(5) === 0 }),
      )
      const [one, several] = both(secrets, random)
      for (let round = 0; round < 4; round += 1) {
        const text = textWith(values, random)
        const expected = everythingOf(one, text, round)
        expect(everythingOf(several, text, round), `${seed}: ${text}`).toEqual(expected)
      }
    }
  })
})

describe('secrets in groups', () => {
  const [first, second] = ['ghp_x7Kq2LmN9pRsT4uVwXyZ0aBcDeFgHiJk1234', 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY']
  const group = compileSecrets([new Secret('first', first)])

  test('a group serves many redactors, and what one of them passed is looked over by another', () => {
    const before = combineRedactor([group])
    const after = combineRedactor([group, compileSecrets([new Secret('second', second)])])
    const collector = before.collect()
    collector.push(`${first} ${second}`)
    const passed = collector.end('text')
    expect(before.value(passed)).toBe(`[credential first] ${second}`)
    expect(after.value(passed)).toBe('[credential first] [credential second]')
    const bytes = before.bytes(Buffer.from(second))
    expect(before.value(bytes)).toEqual({ base64: Buffer.from(second).toString('base64') })
    expect(JSON.stringify(after.value(bytes))).not.toContain(Buffer.from(second).toString('base64'))
  })

  test('a label gives away no secret of another group', () => {
    for (const value of ['[credential first]', 'al first]xyz', 'laitnederc', '████████']) {
      const groups = [group, compileSecrets([new Secret('other', value)])]
      for (const order of [groups, groups.toReversed()]) {
        for (const text of [first, value, `${first}${value}`, `${first}xyz`, `${value}${first}`]) {
          expect(combineRedactor(order).text(text)).not.toContain(value)
        }
      }
    }
  })

  test('of a value in two groups, what the first one says holds', () => {
    const groups = ['leased', 'learned'].map(name => compileSecrets([new Secret(name, first)]))
    expect(combineRedactor(groups).text(`${first} ${first.slice(8, 30)}`)).toBe(
      '[credential leased] [credential leased]',
    )
  })

  test('a part is told of as part of its own secret', () => {
    const told: string[] = []
    const third = textOf(seeded(5), 40)
    const redactor = combineRedactor([group, compileSecrets([new Secret('third', third)])], {
      onPartial: (secret, run) => void told.push(`${run} of ${secret.credential}`),
    })
    redactor.text(`${third.slice(4, 20)} ${first.slice(8, 30)}`)
    redactor.bytes(Buffer.from(third.slice(4, 18)))
    expect(told).toEqual([
      `${third.slice(4, 20)} of third`,
      `${first.slice(8, 30)} of first`,
      `${third.slice(4, 18)} of third`,
    ])
  })

  test('no groups at all let everything through', () => {
    const redactor = combineRedactor([])
    expect(redactor.text(first)).toBe(first)
    expect(collected(redactor, first.split(''))).toBe(first)
    expect(redactor.bytes(Buffer.from(first))).not.toBeNull()
  })
})
