import { generateKeyPairSync } from 'node:crypto'
import { PartSearch } from '../../../src/redact/part-search.ts'
import { createRedactor, type Redactor } from '../../../src/redact/redactor.ts'
import { Search } from '../../../src/redact/search.ts'
import { Secret } from '../../../src/secret.ts'
import { corpus } from '../../redact/corpus.ts'
import { jwtOf, randomValues, textOf } from '../../redact/random-values.ts'
import { seeded } from '../../redact/samples.ts'

/** What was measured with some number of values on one kind of text. */
export interface Throughput {
  readonly values: number
  readonly kind: string
  /** Millions of characters. */
  readonly size: number
  /** Millions of characters in a second of processor time, of texts that are there as a whole. */
  readonly text: number
  /** The same without the search for parts of values. */
  readonly textWithoutParts: number
  /** The same of texts that arrive in pieces of 16 kB. */
  readonly stream: number
  /** Texts in which something was taken for a secret; none has one. */
  readonly falsePositives: number
}

/** How long it takes to make a redactor, in milliseconds. */
export interface Construction {
  readonly of: string
  readonly first: number
  readonly median: number
}

const pieceLength = 16 * 1_024

/** Measures every kind of text with this many values. */
export function measureCorpus(count: number): readonly Throughput[] {
  const values = randomValues(count, seeded(count))
  const redactor = redactorOf(values)
  const search = new Search(values, new PartSearch([]))
  return Object.entries(corpus(3)).map(([kind, innocents]) => {
    const texts = innocents.map(({ text }) => text)
    const inPieces = texts.map(piecesOf)
    const characters = texts.reduce((sum, text) => sum + text.length, 0)
    // Counting comes first, so that what follows is measured when all is warm, as in a worker.
    const falsePositives = texts.filter(text => redactor.text(text) !== text).length
    return {
      values: count,
      kind,
      size: characters / 1e6,
      text: perSecond(characters, () => texts.forEach(text => redactor.text(text))),
      textWithoutParts: perSecond(characters, () => texts.forEach(text => search.read(text, 0, search.start))),
      stream: perSecond(characters, () => inPieces.forEach(pieces => collect(redactor, pieces))),
      falsePositives,
    }
  })
}

/** Measures how long making a redactor takes, the first time in a process and once it is warm. */
export function measureConstruction(): readonly Construction[] {
  const random = seeded(3)
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 4096 })
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  const made: readonly (readonly [string, readonly string[], number])[] = [
    ['a token of 40 characters', [`ghp_${textOf(random, 36)}`], 300],
    ['a JWT', [jwtOf(random)], 100],
    ['an RSA key of 4096 bits in PEM', [pem], 30],
    ['20 values', randomValues(20, random), 20],
    ['200 values', randomValues(200, random), 7],
  ]
  return made.map(([of, values, rounds]) => {
    const times = Array.from({ length: rounds }, () => {
      const began = performance.now()
      redactorOf(values)
      return performance.now() - began
    })
    return { of, first: times[0] ?? 0, median: times.toSorted((left, right) => left - right)[rounds >> 1] ?? 0 }
  })
}

function redactorOf(values: readonly string[]): Redactor {
  return createRedactor(values.map((value, index) => new Secret(`c${index}`, value)))
}

/** Copies, as a decoder makes them: a slice would refer to the whole text. */
function piecesOf(text: string): readonly string[] {
  const count = Math.ceil(text.length / pieceLength)
  return Array.from({ length: count }, (_, index) =>
    Buffer.from(text.slice(index * pieceLength, (index + 1) * pieceLength)).toString(),
  )
}

function collect(redactor: Redactor, pieces: readonly string[]): void {
  const collector = redactor.collect()
  for (const piece of pieces) collector.push(piece)
  collector.end('text')
}

/** The best of four rounds, after one to warm up. Time that other programs take from the processor does not count. */
function perSecond(characters: number, act: () => void): number {
  const rounds = Array.from({ length: 5 }, () => {
    const began = process.cpuUsage()
    act()
    return characters / process.cpuUsage(began).user
  })
  return Math.max(...rounds.slice(1))
}
