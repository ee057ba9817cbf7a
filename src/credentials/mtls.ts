import * as z from 'zod'
import { Refusal } from '../refusal.ts'
import { Secret } from '../secret.ts'
import { certificateProblem, certificatesOf, privateKeyOf, privateKeyProblem } from './pem.ts'
import type { Reader, Reading } from './reading.ts'
import { Source } from './source.ts'

/** A client certificate, presented while the TLS connection is made. */
export const MtlsCredential = z.strictObject({
  type: z.literal('mtls'),
  certificate: Source.describe('PEM; the certificate first, then those that lead to its root'),
  private_key: Source.describe('PEM, not encrypted'),
})

export type MtlsCredential = z.output<typeof MtlsCredential>

/** Reads a certificate and its key, and checks that they belong together. */
export async function readMtls(credential: MtlsCredential, reader: Reader): Promise<Reading> {
  const certificateText = await reader.read(credential.certificate, 'certificate', certificateProblem)
  const keyText = await reader.read(credential.private_key, 'private key', privateKeyProblem)
  const certificates = certificatesOf(certificateText)
  const key = privateKeyOf(keyText)
  if (typeof certificates === 'string' || typeof key === 'string' || !certificates.first.checkPrivateKey(key.key)) {
    const detail = `the certificate of ${reader.name} and its private key do not belong together`
    throw new Refusal('credential_unavailable', detail)
  }
  const privateKey = new Secret(reader.name, key.pem)
  return {
    credential: { type: 'mtls', certificate: certificates.pem, privateKey },
    secrets: [privateKey],
    fingerprint: reader.fingerprint(keyText),
  }
}
