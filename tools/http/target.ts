import * as z from 'zod'
import { refineWith } from '../../src/refine-with.ts'
import { AbsoluteFile } from '../../src/absolute-file.ts'
import type { OtherCredential } from '../../src/leased.ts'
import { behindProxyProblem, literalProblem, parseCidr } from '../../src/net/address.ts'
import { Duration } from '../../src/units.ts'
import { AllowEntry, FixedHeaders, OperationEntry, Pages } from './entry.ts'
import { fieldName, reservedHeaders } from './headers.ts'
import { parseSlashedPath } from './path.ts'
import { compilePattern } from './pattern.ts'
import { parseRequestPattern } from './request-line.ts'
import { parseTestLine } from './test-call.ts'

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

const ProxyUrl = z.string().superRefine((text, context) => {
  const url = URL.canParse(text) ? new URL(text) : null
  const origin = url !== null && /^https?:$/.test(url.protocol) && url.pathname === '/' && url.search + url.hash === ''
  if (!origin)
    context.addIssue({ code: 'custom', message: 'not the URL of a proxy, such as http://proxy.example.com:3128' })
  else if (url.username !== '' || url.password !== '')
    context.addIssue({ code: 'custom', message: 'a URL here carries no user or password; use proxy.credential' })
})

const OperationName = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,39}$/, 'a name is 1-40 of a-z, 0-9 and _, beginning with a letter')
  .refine(name => name !== 'call_api', 'call_api is what allow offers')

const Never = z
  .strictObject({
    requests: z
      .array(z.string().superRefine(refineWith(parseRequestPattern)))
      .default([])
      .describe('METHOD /path, or * /path for every method'),
    query: z.array(z.string()).default([]).describe('Names of query parameters'),
    body: z.array(z.string()).default([]).describe('Keys at the top of a body'),
  })
  .prefault({})

const Idempotency = z.strictObject({
  header: z
    .string()
    .refine(name => fieldName.test(name.toLowerCase()) && !reservedHeaders.has(name.toLowerCase()), 'not a header name')
    .transform(name => name.toLowerCase())
    .describe('The header in which the API expects the key, such as Idempotency-Key'),
  window: Duration.refine(ms => ms <= 86_400_000, 'at most 1d')
    .default(600_000)
    .describe('For how long the same call gives the stored outcome'),
})

/** What an admin writes for a tool of kind `http`. */
export const HttpTarget = z.strictObject({
  base_url: BaseUrl,
  allow: z
    .array(AllowEntry)
    .min(1, 'an empty list permits nothing; name at least one request, such as GET /status')
    .optional()
    .describe('The requests that <tool>_call_api may make'),
  operations: z
    .record(OperationName, OperationEntry)
    .refine(operations => Object.keys(operations).length > 0, 'an empty mapping offers nothing')
    .optional()
    .describe('Named requests with typed arguments, each an MCP tool of its own'),
  never: Never.describe('What no entry and no operation can permit'),
  headers: FixedHeaders.default({}).describe('Headers sent with every request; an agent cannot change them'),
  redirects: z
    .enum(['none', 'same_origin'])
    .default('none')
    .describe('Whether GET and HEAD follow up to three redirects'),
  test: z
    .string()
    .superRefine(refineWith(parseTestLine))
    .optional()
    .describe('A harmless request to try the credential with, such as GET /user; keyhold credential test makes it'),
  pages: Pages.optional().describe('How many pages a GET collects'),
  retries: z.int().min(0).max(5).default(2).describe('How often a request that can be repeated is sent again'),
  idempotency: Idempotency.optional().describe('For POST and PATCH'),
  tls: z
    .strictObject({
      ca: AbsoluteFile.optional().describe('Certificate authorities to trust beside the usual ones, as PEM'),
      certificate: z.string().optional().describe('A credential of type mtls, presented to the API'),
    })
    .prefault({}),
  proxy: z
    .strictObject({ url: ProxyUrl, credential: z.string().optional() })
    .optional()
    .describe('The proxy through which the API is reached'),
  unsafe_plain_http: z
    .boolean()
    .default(false)
    .describe('Sends the credential over unencrypted http to a host that is not this machine'),
  unsafe_allow_private: z
    .array(z.string().superRefine(refineWith(parseCidr)))
    .default([])
    .describe('Ranges such as 10.0.0.0/8 that this tool may reach although they are not public'),
})

export type HttpTarget = z.output<typeof HttpTarget>

/** The segments of a target's base URL, which come before those of every path. */
export function baseSegments(target: HttpTarget): readonly string[] {
  return parseSlashedPath(new URL(target.base_url).pathname).segments
}

/** Says what is wrong with a target as a whole, beyond each of its keys. */
export function targetProblem(target: HttpTarget): { readonly key: string; readonly message: string } | null {
  if (target.allow === undefined && target.operations === undefined)
    return { key: 'allow', message: 'is missing; a tool needs allow, operations, or both' }
  const url = new URL(target.base_url)
  if (url.protocol === 'http:' && !loopback.test(url.hostname) && !target.unsafe_plain_http) {
    return {
      key: 'base_url',
      message: 'http:// would send the credential unencrypted; use https:// (or set unsafe_plain_http: true)',
    }
  }
  const allowed = target.unsafe_allow_private.map(parseCidr)
  const { proxy } = target
  const problem =
    proxy === undefined ? literalProblem(url.hostname, allowed) : behindProxyProblem(url.hostname, allowed)
  if (problem !== null) return { key: 'base_url', message: problem }
  const proxyProblem = proxy === undefined ? null : literalProblem(new URL(proxy.url).hostname, allowed)
  return proxyProblem === null ? null : { key: 'proxy', message: proxyProblem }
}

/** The credentials that a target names beside its own. */
export function otherCredentials(target: HttpTarget): readonly OtherCredential[] {
  const { tls, proxy } = target
  return [
    ...(tls.certificate === undefined
      ? []
      : [{ role: 'certificate', path: ['tls', 'certificate'], name: tls.certificate, types: ['mtls'] as const }]),
    ...(proxy?.credential === undefined
      ? []
      : [
          { role: 'proxy', path: ['proxy', 'credential'], name: proxy.credential, types: ['basic', 'bearer'] as const },
        ]),
  ]
}
