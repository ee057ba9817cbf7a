import * as z from 'zod'
import { fieldName, fieldValue, reservedHeaders } from './headers.ts'
import { methods } from './method.ts'
import { compilePattern } from './pattern.ts'
import { parseRequestLine } from './scope.ts'

const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

const BaseUrl = z
  .string()
  .describe('Where every request of this tool goes, such as https://api.example.com/v1')
  .superRefine((text, context) => {
    const problem = baseUrlProblem(text)
    if (problem !== null) context.addIssue({ code: 'custom', message: problem })
  })

function baseUrlProblem(text: string): string | null {
  if (!URL.canParse(text)) return 'not a URL, such as https://api.example.com/v1'
  const url = new URL(text)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'must begin with https:// (or http://localhost)'
  if (url.username !== '' || url.password !== '') return 'a URL here carries no user or password; use a credential'
  if (url.search !== '' || url.hash !== '') return 'must have no query and no fragment'
  try {
    if (url.pathname !== '/') compilePattern(url.pathname.replace(/\/$/, ''))
  } catch (error) {
    return `its path has a problem: ${(error as Error).message}`
  }
  return /[:*]/.test(url.pathname) ? 'its path is fixed and has no pattern characters (: or *)' : null
}

/** Refuses with the admin's sentence when `check` throws. */
function refineWith(check: (text: string) => unknown) {
  return (text: string, context: z.core.$RefinementCtx<string>) => {
    try {
      check(text)
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message })
    }
  }
}

const AllowLine = z.string().superRefine(refineWith(parseRequestLine))

const AllowObject = z.strictObject({
  method: z.enum(methods),
  path: z.string().superRefine(refineWith(compilePattern)),
  body: z.record(z.string(), z.json()).optional().describe('A JSON Schema (2020-12) that the JSON body must satisfy'),
})

/** One entry of `allow`: `METHOD /path`, or an object that also says what the body must look like. */
export const AllowEntry = z.union([AllowLine, AllowObject])

export type AllowEntry = z.output<typeof AllowEntry>

const FixedHeaders = z
  .record(z.string(), z.string().regex(fieldValue, 'contains a character that no header may have'))
  .superRefine((headers, context) => {
    for (const name of Object.keys(headers)) {
      const reason = fieldName.test(name) ? reservedHeaders.get(name) : 'is not a header name in lower case'
      if (reason !== undefined) context.addIssue({ code: 'custom', message: `${name}: ${reason}`, path: [name] })
    }
  })

/** What an admin writes for a tool of kind `http`. */
export const HttpTarget = z.strictObject({
  base_url: BaseUrl,
  allow: z.array(AllowEntry).min(1, 'an empty list permits nothing; name at least one request, such as GET /status'),
  headers: FixedHeaders.default({}).describe('Headers sent with every request; an agent cannot change them'),
  unsafe_plain_http: z
    .boolean()
    .default(false)
    .describe('Sends the credential over unencrypted http to a host that is not this machine'),
})

export type HttpTarget = z.output<typeof HttpTarget>

/** Says what is wrong with a target as a whole, beyond each of its keys. */
export function targetProblem(target: HttpTarget): { readonly key: string; readonly message: string } | null {
  const url = new URL(target.base_url)
  if (url.protocol === 'http:' && !loopback.test(url.hostname) && !target.unsafe_plain_http) {
    return {
      key: 'base_url',
      message: 'http:// would send the credential unencrypted; use https:// (or set unsafe_plain_http: true)',
    }
  }
  return null
}
