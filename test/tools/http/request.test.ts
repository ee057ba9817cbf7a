import { describe, expect, test } from 'vitest'
import type { Method } from '../../../tools/http/method.ts'
import {
  contentTypeField,
  contentTypeOf,
  encodeBody,
  formType,
  refuseReservedKeys,
} from '../../../tools/http/request.ts'

describe('the content type of a body', () => {
  test.each<[Method, string | undefined, unknown, string | undefined, string | null]>([
    ['POST', undefined, undefined, undefined, null],
    ['GET', undefined, undefined, 'application/json', null],
    ['POST', undefined, {}, undefined, 'application/json'],
    ['POST', undefined, null, undefined, 'application/json'],
    ['POST', undefined, 'text', undefined, 'text/plain'],
    ['POST', undefined, {}, 'application/merge-patch+json', 'application/merge-patch+json'],
    ['POST', undefined, {}, formType, formType],
    ['POST', undefined, {}, 'text/csv', 'application/json'],
    ['POST', 'Application/JSON', {}, undefined, 'application/json'],
    ['POST', 'application/json; charset=utf-8', {}, formType, 'application/json'],
    ['DELETE', 'application/json;charset=UTF-8', [], undefined, 'application/json'],
    ['POST', 'text/markdown', '# x', undefined, 'text/markdown'],
  ])('%s, given %s with %j, preferred %s: %s', (method, given, body, preferred, type) => {
    expect(contentTypeOf(method, given, body, preferred)).toBe(type)
  })

  test.each<[Method, string | undefined, unknown, string]>([
    ['GET', undefined, {}, 'body: GET takes none'],
    ['HEAD', undefined, 'x', 'body: HEAD takes none'],
    ['POST', 'application/json', undefined, 'headers: a content-type without a body'],
    ['POST', 'application/json', '{}', 'body: a string is sent as text/*; give a JSON value itself, not as a string'],
    ['POST', 'text/plain', {}, 'body: a JSON value needs a JSON content-type'],
    ['POST', 'application/xml', {}, 'body: a JSON value needs a JSON content-type'],
    ['POST', 'application/json; charset=utf-16', {}, 'body: a JSON value needs a JSON content-type'],
    ['POST', 'application/json, text/plain', {}, 'body: a JSON value needs a JSON content-type'],
    ['POST', formType, [], 'body: a form is a JSON object'],
  ])('%s with %s and %j is refused: %s', (method, given, body, problem) => {
    expect(() => contentTypeOf(method, given, body, undefined)).toThrow(problem)
  })
})

test.each<[string | null, unknown, string | null]>([
  [null, undefined, null],
  ['application/json', { a: 'ü' }, '{"a":"ü"}'],
  ['application/json', null, 'null'],
  ['text/plain', 'ü', 'ü'],
  [formType, { a: 1, b: 'x y' }, 'a=1&b=x+y'],
])('as %s, %j is written as %s', (type, body, text) => {
  expect(encodeBody(type, body, 100)).toBe(text)
})

test('a body is counted in bytes, as it is sent', () => {
  expect(encodeBody('text/plain', 'ü'.repeat(50), 100)).toHaveLength(50)
  expect(() => encodeBody('text/plain', `${'ü'.repeat(50)}a`, 100)).toThrow('body: 101 bytes; at most 100 are accepted')
  expect(() => encodeBody(formType, { a: ' &=+'.repeat(30) }, 100)).toThrow(/^body: \d+ bytes; at most 100/)
})

test.each([
  ['application/json', 'application/json'],
  ['text/csv', 'text/csv; charset=utf-8'],
  [formType, formType],
])('%s goes out as %s', (type, field) => {
  expect(contentTypeField(type)).toBe(field)
})

test.each<[string, unknown, boolean]>([
  ['application/json', { _method: 'DELETE' }, false],
  ['application/json', { ' _METHOD ': 'DELETE' }, false],
  ['application/json', { _http_method: 'DELETE' }, false],
  ['application/json', { access_token: 'x', method: 'y' }, true],
  ['application/json', { a: { _method: 'x' } }, true],
  ['application/json', ['_method'], true],
  [formType, { access_token: 'x' }, false],
  [formType, { title: 'x' }, true],
  [formType, { 'Api-Key': 'x' }, false],
  ['application/json', { 'Api-Key': 'x' }, true],
  ['text/plain', '_method=DELETE', true],
])('in %s, %j is accepted: %s', (type, body, accepted) => {
  const check = () => refuseReservedKeys(type, body, new Set(['apikey']))
  if (accepted) expect(check).not.toThrow()
  else expect(check).toThrow(/is not accepted; it could change what the request is/)
})
