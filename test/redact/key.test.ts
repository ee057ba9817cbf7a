import { execFile } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { findForms, formsOf } from '../support/forms.ts'
import { label, redactorOf } from './samples.ts'

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const pem = privateKey.export({ type: 'pkcs1', format: 'pem' }) as string
const der = privateKey.export({ type: 'pkcs1', format: 'der' })
const body = der.toString('base64')
const redactor = redactorOf(pem)
const folded = (width: number, lineBreak: string) => body.replaceAll(new RegExp(`.{${width}}`, 'g'), `$&${lineBreak}`)

test.each(Object.entries(formsOf(pem.trim())))('a private key is found as %s', (_, form) => {
  const redacted = redactor.text(`a ${form} b`)
  expect(redacted).toContain(label)
  expect(redacted.length).toBeLessThan(100)
  expect(findForms(redacted, pem.trim())).toEqual([])
})

test.each([
  ['without its first and last line', body],
  ['in lines of 76 characters', folded(76, '\n')],
  ['in lines that end in CR LF', folded(64, '\r\n')],
  ['in indented lines, as YAML has it', folded(64, '\n      ')],
  ['in one line of JSON', JSON.stringify(folded(64, '\n'))],
  ['in the alphabet for URLs', der.toString('base64url')],
  ['as the bytes that it packs, in hexadecimal', der.toString('hex')],
  ['as the bytes that it packs, behind another one', Buffer.concat([Buffer.from('x'), der]).toString('base64')],
  ['with spaces for line breaks around its first and last line', pem.replaceAll('\n', '')],
])('a private key is found %s', (_, text) => {
  const redacted = redactor.text(`a ${text} b`)
  expect(redacted).toContain(label)
  expect(redacted).not.toContain(body.slice(200, 230))
  expect(redacted.length).toBeLessThan(200)
})

test('a private key is found in pieces, and its bytes among bytes', () => {
  const text = redactor.collect()
  for (const line of `before\n${pem}after`.split(/(?<=\n)/)) text.push(line)
  expect(text.end('text').value).toMatch(new RegExp(`^before\n\\[credential github\\]\\s*after$`))
  expect(redactor.bytes(Buffer.concat([Buffer.from([1, 2]), Buffer.from(pem), Buffer.from([3])]))).toBeNull()
})

test('a redactor of a private key is made quickly, and ordinary text passes it quickly', () => {
  const ordinary = JSON.stringify(Array.from({ length: 4_000 }, (_, id) => ({ id, title: 'An issue', at: `/i/${id}` })))
  const began = performance.now()
  const fresh = redactorOf(pem)
  expect(fresh.text(ordinary)).toBe(ordinary)
  expect(performance.now() - began).toBeLessThan(500)
})

test('finding a long key in laborious forms takes less memory than a worker has', async () => {
  const script = new URL('./long-key.ts', import.meta.url).pathname
  await promisify(execFile)(process.execPath, ['--max-old-space-size=80', script])
})
