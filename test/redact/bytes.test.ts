import { brotliCompressSync, crc32, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { createRedactor } from '../../src/redact/redactor.ts'
import { formsOf } from '../support/forms.ts'
import { label, redactorOf, samples, seeded } from './samples.ts'

const secret = samples['a GitHub token']
const redactor = redactorOf(secret)
const random = seeded(5)
/** Bytes like those of an image; none of them begins a container. */
const noise = (length: number) => Buffer.from([0xff, ...Array.from({ length }, () => random(256))])
const around = (bytes: Buffer) => Buffer.concat([noise(1_000), bytes, noise(1_000)])
const swapped = (bytes: Buffer) => Buffer.from(bytes).swap16()
const utf32 = (text: string) => Buffer.from(Array.from(text, c => [c.charCodeAt(0), 0, 0, 0]).flat())

function png(...chunks: readonly (readonly [string, Buffer])[]): Buffer {
  const parts = [...chunks, ['IEND', Buffer.alloc(0)] as const].flatMap(([type, data]) => {
    const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)]
    length.writeUInt32BE(data.length)
    checksum.writeUInt32BE(crc32(Buffer.concat([Buffer.from(type), data])))
    return [length, Buffer.from(type), data, checksum]
  })
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), ...parts])
}

const pixels = ['IDAT', deflateSync(noise(500))] as const
const text = (keyword: string, ...rest: readonly (string | Buffer)[]) =>
  Buffer.concat([Buffer.from(`${keyword}\0`), ...rest.map(part => Buffer.from(part as string))])

describe('bytes in which a secret is found do not pass', () => {
  test.each(Object.entries(formsOf(secret)))('%s', (_, form) => {
    expect(redactor.bytes(around(Buffer.from(form)))).toBeNull()
  })

  test.each([
    ['at the very beginning', Buffer.from(secret)],
    ['at the very end', Buffer.concat([noise(10), Buffer.from(secret)])],
    ['as UTF-16, low byte first', around(Buffer.from(secret, 'utf16le'))],
    ['as UTF-16, high byte first', around(swapped(Buffer.from(secret, 'utf16le')))],
    ['as UTF-16 at an odd place', Buffer.concat([Buffer.from([1]), Buffer.from(secret, 'utf16le')])],
    ['as UTF-32', around(utf32(secret))],
    ['as base64 in UTF-16', around(Buffer.from(Buffer.from(secret).toString('base64'), 'utf16le'))],
    ['over the border of two pieces', Buffer.concat([noise(65_520), Buffer.from(secret)])],
    ['with gzip', gzipSync(around(Buffer.from(secret)))],
    ['with gzip, of UTF-16', gzipSync(Buffer.from(secret, 'utf16le'))],
    ['with gzip, in a second member', Buffer.concat([gzipSync('x'), gzipSync(secret)])],
    ['with gzip, cut off', gzipSync(`${secret} ${noise(5_000).toString('hex')}`).subarray(0, 3_000)],
    ['with zlib', deflateSync(secret)],
    ['with zlib and a small window', deflateSync(`(${secret})`, { windowBits: 9 })],
    ['behind zlib', Buffer.concat([deflateSync('x'), Buffer.from(secret)])],
    ['in a text of a PNG', png(['tEXt', text('Comment', secret)], pixels)],
    ['in a compressed text of a PNG', png(['zTXt', text('Comment', '\0', deflateSync(secret))], pixels)],
    [
      'in a compressed international text of a PNG',
      png(pixels, ['iTXt', text('Comment', '\x01\0en\0Kommentar\0', deflateSync(secret))]),
    ],
    ['in a plain international text of a PNG', png(['iTXt', text('Comment', '\0\0\0\0', secret)])],
    ['in the colour profile of a PNG', png(['iCCP', text('p', '\0', deflateSync(around(Buffer.from(secret))))])],
  ])('%s', (_, bytes) => {
    expect(redactor.bytes(bytes)).toBeNull()
  })

  test.each(Object.entries(samples))('%s, in every way to write characters', (_, value) => {
    const each = redactorOf(value)
    expect(each.bytes(noise(2_000))).not.toBeNull()
    const wide = Buffer.from(value, 'utf16le')
    for (const bytes of [Buffer.from(value), wide, swapped(wide)]) {
      expect(each.bytes(around(bytes))).toBeNull()
      expect(each.bytes(Buffer.concat([Buffer.from([1]), bytes]))).toBeNull()
    }
  })
})

describe('what could hide a secret does not pass, whatever is in it', () => {
  const head = (hex: string) => Buffer.concat([Buffer.from(hex, 'hex'), noise(100)])
  test.each([
    ['zip', head('504b0304')],
    ['an empty zip', head('504b0506')],
    ['a zip behind something else', Buffer.concat([noise(5_000), head('504b0506').subarray(0, 22)])],
    ['a zip behind an image, with a comment', Buffer.concat([png(pixels), Buffer.from('PK\x05\x06'), noise(9_000)])],
    ['zstd', zstdCompressSync('x')],
    ['a skippable frame', head('5a2a4d18')],
    ['xz', head('fd377a585a00')],
    ['lzma', head('5d0000')],
    ['bzip2', head('425a6839')],
    ['7z', head('377abcaf271c')],
    ['rar', head('526172211a07')],
    ['lz4', head('04224d18')],
    ['gzip in gzip', gzipSync(gzipSync('x'))],
    ['zip in gzip', gzipSync(head('504b0304'))],
    ['broken gzip', head('1f8b0800')],
    ['broken zlib', head('789c')],
    ['gzip of more than 16 MB', gzipSync(Buffer.alloc(17_000_000))],
    ['zlib of more than 16 MB', deflateSync(Buffer.alloc(17_000_000))],
    [
      'texts of a PNG that are too large together',
      png(...Array.from({ length: 3 }, () => ['zTXt', text('c', '\0', deflateSync(Buffer.alloc(8_000_000)))] as const)),
    ],
    ['a broken text of a PNG', png(['zTXt', text('Comment', '\0', 'x\x9cbroken')])],
  ])('%s', (_, bytes) => {
    expect(redactor.bytes(bytes)).toBeNull()
  })

  test('a bomb does not fill the memory', () => {
    const bomb = gzipSync(Buffer.alloc(64_000_000))
    const before = process.memoryUsage().rss
    for (let count = 0; count < 5; count += 1) expect(redactor.bytes(bomb)).toBeNull()
    expect(process.memoryUsage().rss - before).toBeLessThan(200_000_000)
  })
})

describe('bytes pass as they are', () => {
  test.each([
    ['nothing', Buffer.alloc(0)],
    ['noise', noise(100_000)],
    ['zeros', Buffer.alloc(100_000)],
    ['an image with texts', png(['tEXt', text('a', 'b')], ['zTXt', text('a', '\0', deflateSync('hello'))], pixels)],
    ['a PNG that is cut off', png(pixels, ['tEXt', text('a', 'b')]).subarray(0, 300)],
    ['the beginning of the secret', around(Buffer.from(secret.slice(0, 15)))],
    ['gzip of something harmless', gzipSync(noise(100_000))],
    ['gzip that is cut off', gzipSync(noise(100_000)).subarray(0, 50_000)],
    ['zlib of something harmless', deflateSync('hello')],
    ['text that begins like zlib', Buffer.from('(Such a text) and 8 others')],
    ['PDF', Buffer.concat([Buffer.from('%PDF-1.7\n'), noise(1_000)])],
    ['PK in the middle of something', Buffer.concat([noise(10), Buffer.from('PK\x03\x04'), noise(10)])],
  ])('%s', (_, bytes) => {
    expect(redactor.bytes(bytes)?.base64).toBe(bytes.toString('base64'))
  })

  test('what is known not to be seen: what a PDF compresses within', () => {
    const pdf = Buffer.concat([Buffer.from('%PDF-1.7\n'), deflateSync(secret)])
    expect(redactor.bytes(pdf)).not.toBeNull()
  })

  test('where there is nothing to hide, even a zip', () => {
    const zip = Buffer.from('PK\x03\x04')
    expect(createRedactor([]).bytes(zip)?.base64).toBe(zip.toString('base64'))
  })
})

test.each([
  ['brotli', brotliCompressSync],
  ['raw deflate', deflateRawSync],
])('%s has no first bytes to be known by, and is looked into', (_name, pack) => {
  expect(redactor.bytes(pack(`${'A nice day. '.repeat(100)}${secret}`))).toBeNull()
  expect(redactor.bytes(pack('A nice day. '.repeat(100)))).not.toBeNull()
})

test('bytes that passed are not looked at again within a value, unless somebody else says they did', () => {
  const clean = redactor.bytes(Buffer.from('hello'))
  expect(redactor.value({ media: [{ data: clean }] })).toEqual({ media: [{ data: { base64: 'aGVsbG8=' } }] })
  const base64 = Buffer.from(secret).toString('base64')
  expect(redactor.value({ data: { base64 } })).toEqual({ data: { base64: label } })
  const other = redactorOf('something-else').bytes(Buffer.from(secret))
  expect(JSON.stringify(redactor.value({ data: other }))).not.toContain(base64.slice(0, 20))
})
