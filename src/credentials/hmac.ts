import * as z from 'zod'
import { Secret } from '../secret.ts'
import { headerNameProblem } from './api-key.ts'
import { BinaryEncoding, binaryOf, binaryProblem, spellingsOf } from './binary-secret.ts'
import type { Reader, Reading } from './reading.ts'
import { Source, sourceRule } from './source.ts'
import { fieldsOf, parseTemplate, templateProblem } from './template.ts'
import { tokenProblem } from './value-problem.ts'

/** What every header may show. */
const sentFields = ['timestamp', 'nonce', 'key_id', 'body_hash']

/** What a message may be made of. */
const signedFields = sentFields.concat('method', 'host', 'path', 'query', 'path_and_query', 'content_type', 'body')

/** What a signature has to be about at least one of: without any, it would be right for every other request too. */
const tellingFields = ['host', 'path', 'query', 'path_and_query', 'body', 'body_hash']

const KeyId = z
  .string()
  .min(1)
  .max(256)
  .regex(/^[\x21-\x7e]+$/, 'visible ASCII')

const TextEncoding = z.enum(['hex', 'base64', 'base64url'], 'hex, base64 or base64url')

/** A secret by which every request is signed in the way that its configuration declares. */
export const HmacCredential = z
  .strictObject({
    type: z.literal('hmac'),
    secret: Source,
    secret_encoding: BinaryEncoding.default('text').describe('How the bytes of the secret are written'),
    key_id: z
      .union([KeyId, ...Source.options], { error: `text that is no secret, or ${sourceRule}` })
      .optional()
      .describe('Tells the other side which secret it is'),
    algorithm: z.enum(['sha256', 'sha384', 'sha512', 'sha1']).default('sha256'),
    encoding: TextEncoding.default('hex').describe('How the signature is written'),
    message: z
      .string()
      .min(1)
      .max(1_024)
      .describe(
        `What is signed: text with ${signedFields.map(name => `{${name}}`).join(' ')} in it. A request in which a field contains the text ` +
          'that separates it from the next ones is refused; a line break never is in one before the body. Fields directly beside each other ' +
          'are not told apart: only where an API demands it',
      ),
    headers: z
      .record(z.string(), z.string().max(1_024))
      .describe('What is sent: text with {signature} in one of them, and {timestamp} {nonce} {key_id} {body_hash}'),
    timestamp: z.enum(['seconds', 'milliseconds', 'rfc3339']).default('seconds'),
    body_hash: TextEncoding.default('hex').describe(
      'How {body_hash} is written, which has the algorithm of the signature',
    ),
  })
  .superRefine(refineHmac)

export type HmacCredential = z.output<typeof HmacCredential>

interface Written {
  readonly message: string
  readonly headers: Readonly<Record<string, string>>
  readonly key_id?: unknown
}

function refineHmac(written: Written, context: z.RefinementCtx): void {
  const issue = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message })
  const used = (path: string[], text: string, known: readonly string[]): readonly string[] => {
    const template = parseTemplate(text)
    const problem = templateProblem(template, known)
    if (problem !== null) issue(path, problem)
    return fieldsOf(template)
  }
  const signed = used(['message'], written.message, signedFields)
  if (context.issues.length === 0 && !signed.some(field => tellingFields.includes(field)))
    issue(
      ['message'],
      `signs nothing of the request: ${tellingFields.map(name => `{${name}}`).join(' ')}, one of them is in it`,
    )
  const names = new Set<string>()
  const sent = Object.entries(written.headers).flatMap(([name, text]) => {
    const problem = headerNameProblem(name) ?? (names.has(name.toLowerCase()) ? 'is there twice' : null)
    names.add(name.toLowerCase())
    if (problem !== null) issue(['headers', name], problem)
    if (!/^[\x20-\x7e]*$/.test(text) || text !== text.trim()) issue(['headers', name], 'visible ASCII on one line')
    return used(['headers', name], text, ['signature', ...sentFields])
  })
  if (context.issues.length > 0) return
  if (sent.filter(field => field === 'signature').length !== 1)
    issue(['headers'], '{signature} is in exactly one of them, once')
  // The other side cannot know what is neither sent nor part of the request.
  const untold = ['timestamp', 'nonce'].find(field => signed.includes(field) && !sent.includes(field))
  if (untold !== undefined) issue(['headers'], `{${untold}} is signed, so one of them has to say it`)
  if (written.key_id === undefined && [...signed, ...sent].includes('key_id')) issue(['key_id'], 'is missing')
}

/** Reads the secret that requests are signed with. */
export async function readHmac(credential: HmacCredential, reader: Reader): Promise<Reading> {
  const { secret_encoding: encoding, key_id } = credential
  const value = await reader.read(credential.secret, 'secret', binaryProblem(encoding))
  const isHidden = key_id !== undefined && typeof key_id !== 'string'
  const keyId = isHidden ? await reader.read(key_id, 'key id', tokenProblem) : (key_id ?? '')
  const secret = (text: string) => new Secret(reader.name, text)
  const key = { name: reader.name, bytes: binaryOf(value, encoding), id: keyId }
  return {
    credential: {
      type: 'signer',
      key: secret(`${keyId} ${value}`),
      async sign(request) {
        const { signHmac } = await import('./hmac-signature.ts')
        return signHmac(request, credential, key, new Date(reader.clock()))
      },
    },
    secrets: [...spellingsOf(value, encoding), ...(isHidden ? [keyId] : [])].map(secret),
    fingerprint: reader.fingerprint(value),
  }
}
