import * as z from 'zod'
import type { LeasedCredential, Presented } from '../leased.ts'
import { Secret } from '../secret.ts'
import type { Reader, Reading } from './reading.ts'
import { Source } from './source.ts'
import { tokenProblem } from './value-problem.ts'

/** Headers that say where a message ends, where it goes and how it is encoded: a key there would change the request. */
const framingHeaders = new Set(
  (
    'host connection content-length content-type content-encoding transfer-encoding te trailer upgrade expect ' +
    'keep-alive accept-encoding cookie proxy-authorization proxy-connection'
  ).split(' '),
)

const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/
const maximumHeaders = 8

const queryName = /^[A-Za-z0-9._~-]{1,64}$/

/** A key that is presented in a header or a query parameter of its own. */
export const ApiKeyCredential = z
  .strictObject({
    type: z.literal('api_key'),
    in: z.enum(['header', 'query'], 'either header or query').optional(),
    name: z.string().optional().describe('The header or the query parameter'),
    value: Source.optional(),
    headers: z
      .record(z.string(), Source)
      .optional()
      .describe('Several keys at once, each in a header of its own, instead of in, name and value'),
    prefix: z
      .string()
      .regex(/^[\x21-\x7e][\x20-\x7e]{0,31}$/, 'a prefix is 1-32 characters of visible ASCII, such as "Token "')
      .optional()
      .describe('Put before the value in a header'),
  })
  .superRefine((credential, context) => {
    const issue = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message })
    if (credential.headers !== undefined) {
      const alone = (['in', 'name', 'value', 'prefix'] as const).find(key => credential[key] !== undefined)
      if (alone !== undefined) issue([alone], 'with headers, each key has its header and nothing else')
      const names = Object.keys(credential.headers)
      if (names.length === 0 || names.length > maximumHeaders) issue(['headers'], `1-${maximumHeaders} headers`)
      if (new Set(names.map(name => name.toLowerCase())).size < names.length)
        issue(['headers'], 'a header is there twice')
      for (const name of names) {
        const problem = headerNameProblem(name)
        if (problem !== null) issue(['headers', name], problem)
      }
      return
    }
    const missing = (['in', 'name', 'value'] as const).find(key => credential[key] === undefined)
    if (missing !== undefined)
      return issue([missing], 'is missing; a key has in, name and value (or headers, for several)')
    const { in: place, name = '' } = credential
    const problem = place === 'header' ? headerNameProblem(name) : queryNameProblem(name)
    if (problem !== null) issue(['name'], problem)
    if (place === 'query' && credential.prefix !== undefined) issue(['prefix'], 'only a key in a header has a prefix')
  })

export type ApiKeyCredential = z.output<typeof ApiKeyCredential>

/** Says why a header cannot carry what proves an identity; null when it can. */
export function headerNameProblem(name: string): string | null {
  if (!headerName.test(name)) return 'a header is named with letters, digits and dashes, such as x-api-key'
  return framingHeaders.has(name.toLowerCase()) ? 'this header steers the request and cannot hold a key' : null
}

function queryNameProblem(name: string): string | null {
  return queryName.test(name) ? null : 'a query parameter is named with 1-64 of A-Z, a-z, 0-9, . _ ~ -'
}

/** The values of a key, or of several, in order. */
export function keysOf(credential: ApiKeyCredential): readonly { readonly key: string; readonly source: Source }[] {
  if (credential.value !== undefined) return [{ key: 'value', source: credential.value }]
  return Object.entries(credential.headers ?? {}).map(([name, source]) => ({ key: `headers.${name}`, source }))
}

/** Lists where the keys are put, in lower case. */
export function presentedKeys(credential: ApiKeyCredential): Presented {
  const { in: place, name = '', headers } = credential
  if (headers !== undefined) return { headers: Object.keys(headers).map(each => each.toLowerCase()), query: [] }
  const names = [name.toLowerCase()]
  return place === 'header' ? { headers: names, query: [] } : { headers: [], query: names }
}

/** Reads a key, or several. What is redacted is each value alone, so that it is found with and without its prefix. */
export async function readApiKey(credential: ApiKeyCredential, reader: Reader): Promise<Reading> {
  const values: string[] = []
  for (const { key, source } of keysOf(credential)) values.push(await reader.read(source, key, tokenProblem))
  const secret = (value: string) => new Secret(reader.name, value)
  return {
    credential: leased(credential, values, secret),
    secrets: values.map(secret),
    fingerprint: reader.fingerprint(values.join('\n')),
  }
}

function leased(
  { in: place = 'header', name = '', prefix = '', headers }: ApiKeyCredential,
  values: readonly string[],
  secret: (value: string) => Secret,
): LeasedCredential {
  if (headers !== undefined) {
    const names = Object.keys(headers).map(each => each.toLowerCase())
    const fields = Object.fromEntries(names.map((each, index) => [each, secret(values[index] ?? '')]))
    return { type: 'headers', headers: fields, all: secret(values.join('\n')) }
  }
  // Query names tell upper from lower case, header names do not.
  const sentName = place === 'header' ? name.toLowerCase() : name
  return { type: 'api_key', in: place, name: sentName, value: secret(`${prefix}${values.join('')}`) }
}
