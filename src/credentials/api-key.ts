import * as z from 'zod'
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
const queryName = /^[A-Za-z0-9._~-]{1,64}$/

/** A key that is presented in a header or a query parameter of its own. */
export const ApiKeyCredential = z
  .strictObject({
    type: z.literal('api_key'),
    in: z.enum(['header', 'query'], 'either header or query'),
    name: z.string().describe('The header or the query parameter'),
    value: Source,
    prefix: z
      .string()
      .regex(/^[\x21-\x7e][\x20-\x7e]{0,31}$/, 'a prefix is 1-32 characters of visible ASCII, such as "Token "')
      .optional()
      .describe('Put before the value in a header'),
  })
  .superRefine((credential, context) => {
    const problem = credential.in === 'header' ? headerNameProblem(credential.name) : queryNameProblem(credential.name)
    if (problem !== null) context.addIssue({ code: 'custom', path: ['name'], message: problem })
    if (credential.in === 'query' && credential.prefix !== undefined) {
      context.addIssue({ code: 'custom', path: ['prefix'], message: 'only a key in a header has a prefix' })
    }
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

/** Reads a key. What is redacted is the value alone, so that it is found with and without its prefix. */
export async function readApiKey(credential: ApiKeyCredential, reader: Reader): Promise<Reading> {
  const value = await reader.read(credential.value, 'value', tokenProblem)
  const presented = new Secret(reader.name, `${credential.prefix ?? ''}${value}`)
  return {
    credential: { type: 'api_key', in: credential.in, name: sentName(credential), value: presented },
    secrets: [new Secret(reader.name, value)],
    fingerprint: reader.fingerprint(value),
  }
}

/** Query names tell upper from lower case, header names do not. */
function sentName(credential: ApiKeyCredential): string {
  return credential.in === 'header' ? credential.name.toLowerCase() : credential.name
}
