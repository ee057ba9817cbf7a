import { expect, test } from 'vitest'
import { isEventStream, isJson, isTextual, parseContentType, shownMediaType } from '../../../tools/http/media-type.ts'

const fields: readonly (readonly [string | undefined, string, string])[] = [
  [undefined, '', 'utf-8'],
  ['', '', 'utf-8'],
  ['text/plain', 'text/plain', 'utf-8'],
  ['Text/HTML; Charset=ISO-8859-1', 'text/html', 'iso-8859-1'],
  [' application/json ; charset = utf-8 ', 'application/json', 'utf-8'],
  ['text/plain;charset="utf-16le"', 'text/plain', 'utf-16le'],
  ['text/plain;charset="utf\\-8"', 'text/plain', 'utf-8'],
  ['text/plain; charset=', 'text/plain', 'utf-8'],
  ['text/plain; charset', 'text/plain', 'utf-8'],
  ['text/plain; charset=""', 'text/plain', 'utf-8'],
  ['text/plain; format=flowed; charset=latin1; x=y', 'text/plain', 'latin1'],
  ['text/plain; charset=utf-8; charset=utf-7', 'text/plain', 'utf-8'],
  ['text/plain; a="; charset=utf-7"; charset=utf-8', 'text/plain', 'utf-8'],
  ['text/plain; a="\\"; charset=utf-7; \\""', 'text/plain', 'utf-8'],
  ['text/plain; xcharset=utf-7', 'text/plain', 'utf-8'],
  ['text/plain; a=charset=utf-7', 'text/plain', 'utf-8'],
  [';charset=latin1', '', 'latin1'],
  [';;;', '', 'utf-8'],
]

test.each(fields)('the field %j', (field, type, charset) => {
  expect(parseContentType(field)).toEqual({ type, charset })
})

const kinds: readonly (readonly [string, string])[] = [
  ['application/json', 'text json'],
  ['application/vnd.github+json', 'text json'],
  ['application/problem+json', 'text json'],
  ['application/graphql-response+json', 'text json'],
  ['text/json', 'text json'],
  ['APPLICATION/JSON', 'text json'],
  ['model/gltf+json', 'text json'],
  ['text/event-stream', 'text events'],
  ['Text/Event-Stream', 'text events'],
  ['text/html', 'text'],
  ['text/csv', 'text'],
  ['image/svg+xml', 'text'],
  ['application/xml', 'text'],
  ['application/atom+xml', 'text'],
  ['application/yaml', 'text'],
  ['application/openapi+yaml', 'text'],
  ['application/x-ndjson', 'text'],
  ['application/json-seq', 'text'],
  ['application/geo+json-seq', 'text'],
  ['application/javascript', 'text'],
  ['application/x-www-form-urlencoded', 'text'],
  ['', ''],
  ['json', ''],
  ['application/octet-stream', ''],
  ['application/jsonx', ''],
  ['application/xjson', ''],
  ['application/pdf', ''],
  ['image/png', ''],
  ['image/json', ''],
  ['audio/mpeg', ''],
  ['application/zip', ''],
  ['application/cbor', ''],
  ['text/', ''],
  ['text', ''],
  ['textual/plain', ''],
  ['text/html, application/json', ''],
  ['text/html\n', ''],
  ['application/json/x', ''],
  ['application/+json', ''],
  ['/json', ''],
]

test.each(kinds)('%j is %j', (type, kind) => {
  const found = [isTextual(type) && 'text', isJson(type) && 'json', isEventStream(type) && 'events'].filter(Boolean)
  expect(found.join(' ')).toBe(kind)
})

const shown: readonly (readonly [string, string | null])[] = [
  ['image/png', 'image/png'],
  ['IMAGE/PNG', 'image/png'],
  [' image/svg+xml ', 'image/svg+xml'],
  [
    'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  ],
  ['application/x-a_b.c-d!#$&^', 'application/x-a_b.c-d!#$&^'],
  [`image/${'a'.repeat(94)}`, `image/${'a'.repeat(94)}`],
  [`image/${'a'.repeat(95)}`, null],
  ['', null],
  ['image', null],
  ['image/', null],
  ['/png', null],
  ['image/png/x', null],
  ['image/png; charset=x', null],
  ['image/p ng', null],
  ['image/<b>', null],
  ['image/.png', null],
  ['*/*', null],
  ['image/png\nx', null],
  ['im\u212aage/png', null],
  ['image/pñg', null],
]

test.each(shown)('%j is shown as %j', (type, expected) => {
  expect(shownMediaType(type)).toBe(expected)
})

test('every field takes little time', () => {
  const started = performance.now()
  for (const piece of [';', ' ', '; ', ';a="', ';a=', '"', '\\', ';a="\\"', 'charset', ';charset', '/', '+', 'a+'])
    for (const head of ['', 'text/plain', 'text/plain;charset="']) {
      const { type } = parseContentType(head + piece.repeat(50_000))
      for (const tells of [isTextual, isJson, isEventStream]) tells(type)
    }
  expect(performance.now() - started).toBeLessThan(5_000)
})
