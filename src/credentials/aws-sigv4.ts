import * as z from 'zod'
import { Secret } from '../secret.ts'
import type { Reader, Reading } from './reading.ts'
import { literalSecret, Source, sourceRule } from './source.ts'
import { tokenProblem } from './value-problem.ts'

const KeyId = z
  .string()
  // The secret access key, which is longer and not all capitals, cannot be written here by mistake.
  .regex(/^A[A-Z0-9]{15,31}$/, literalSecret)
  .describe('An id of AWS is no secret and may be written as text; every other has a source')

/** Access keys of AWS, or of what speaks its protocol, with which every request is signed (Signature Version 4). */
export const AwsSigv4Credential = z.strictObject({
  type: z.literal('aws_sigv4'),
  access_key_id: z.union([KeyId, ...Source.options], { error: `the id of an access key, or ${sourceRule}` }),
  secret_access_key: Source,
  session_token: Source.optional().describe('Of temporary keys'),
  region: z.string().regex(/^[a-z0-9]{1,32}(?:-[a-z0-9]{1,32}){0,5}$/, 'a region, such as eu-west-1'),
  service: z
    .string()
    .regex(/^[a-z0-9]{1,32}(?:-[a-z0-9]{1,32}){0,5}$/, 'the name by which a service signs, such as s3 or execute-api')
    .refine(
      service => !/^s3[a-z0-9-]/.test(service),
      'of the S3 family, s3 itself; its other services have rules of their own for signatures, which are not supported',
    ),
})

export type AwsSigv4Credential = z.output<typeof AwsSigv4Credential>

/** Reads access keys. */
export async function readAwsSigv4(credential: AwsSigv4Credential, reader: Reader): Promise<Reading> {
  const { access_key_id, secret_access_key, session_token, region, service } = credential
  const isOpen = typeof access_key_id === 'string'
  const id = isOpen ? access_key_id : await reader.read(access_key_id, 'access key id', keyIdProblem)
  const value = await reader.read(secret_access_key, 'secret access key', tokenProblem)
  const token = session_token === undefined ? null : await reader.read(session_token, 'session token', tokenProblem)
  const secret = (text: string) => new Secret(reader.name, text)
  const keys = {
    name: reader.name,
    accessKeyId: secret(id),
    secretAccessKey: secret(value),
    sessionToken: token === null ? null : secret(token),
    region,
    service,
  }
  return {
    credential: {
      type: 'signer',
      key: secret([id, value, token].join(' ')),
      async sign(request) {
        const { signAws } = await import('./aws-signature.ts')
        return signAws(request, keys, new Date(reader.clock()))
      },
    },
    secrets: [
      keys.secretAccessKey,
      ...(isOpen ? [] : [keys.accessKeyId]),
      ...(keys.sessionToken === null ? [] : [keys.sessionToken]),
    ],
    fingerprint: reader.fingerprint(value),
  }
}

/** Says why a value cannot be the id of an access key; null when it can. */
export function keyIdProblem(value: string): string | null {
  // It stands in a list of words that end with a comma, and in a path.
  return tokenProblem(value) ?? (/[\s,/=]/.test(value) ? 'contains a character that an id does not have' : null)
}
