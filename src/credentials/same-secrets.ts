import { timingSafeEqual } from 'node:crypto'
import type { LeasedCredential } from '../kind.ts'
import type { Secret } from '../secret.ts'

/** Tells whether two leases present the same secret, so that trying again with the other one is of no use. */
export function sameSecrets(
  left: { readonly credential: LeasedCredential },
  right: { readonly credential: LeasedCredential },
): boolean {
  return (
    left.credential.type === right.credential.type &&
    certificateOf(left.credential) === certificateOf(right.credential) &&
    equal(secretOf(left.credential), secretOf(right.credential))
  )
}

/** Leaves each value once. */
export function distinctSecrets(secrets: readonly Secret[]): readonly Secret[] {
  return secrets.filter((secret, index) => secrets.findIndex(other => equal(other, secret)) === index)
}

/** A certificate that was renewed for the same key is presented anew. */
function certificateOf(credential: LeasedCredential): string | null {
  return credential.type === 'mtls' ? credential.certificate : null
}

function secretOf(credential: LeasedCredential): Secret {
  switch (credential.type) {
    case 'bearer':
      return credential.token
    case 'basic':
      return credential.userAndPassword
    case 'api_key':
      return credential.value
    case 'mtls':
      return credential.privateKey
    default:
      return credential satisfies never
  }
}

function equal(left: Secret, right: Secret): boolean {
  return left.use(a => right.use(b => equalBytes(Buffer.from(a), Buffer.from(b))))
}

function equalBytes(left: Buffer, right: Buffer): boolean {
  return left.length === right.length && timingSafeEqual(left, right)
}
