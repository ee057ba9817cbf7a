import { timingSafeEqual } from 'node:crypto'
import type { LeasedCredential } from '../leased.ts'
import { Secret } from '../secret.ts'

/** Tells whether two leases present the same secret, so that trying again with the other one is of no use. */
export function sameSecrets(
  left: { readonly credential: LeasedCredential },
  right: { readonly credential: LeasedCredential },
): boolean {
  return (
    left.credential.type === right.credential.type &&
    openPartOf(left.credential) === openPartOf(right.credential) &&
    equal(secretOf(left.credential), secretOf(right.credential))
  )
}

/** Leaves each value once. */
export function distinctSecrets(secrets: readonly Secret[]): readonly Secret[] {
  const seen = new Set<string>()
  return secrets.filter(secret => secret.use(value => seen.size < seen.add(value).size))
}

/** Adds to each value that is base64 with padding (RFC 4648, 3.2) the one without: many APIs leave the padding out. */
export function withBareForms(secrets: readonly Secret[]): readonly Secret[] {
  return secrets.flatMap(secret => {
    const bare = secret.use(value => (padded.test(value) ? value.replace(/=+\s*$/, '') : null))
    const { credential, wholeOnly } = secret
    return bare === null ? [secret] : [secret, new Secret(credential, bare, { wholeOnly })]
  })
}

const padded = /^[A-Za-z0-9+/_-]{16,}={1,2}\s*$/

/** A certificate that was renewed for the same key, or another user with the same password, is presented anew. */
function openPartOf(credential: LeasedCredential): string | null {
  if (credential.type === 'password') return credential.username
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
    case 'headers':
      return credential.all
    case 'password':
      return credential.password
    case 'mtls':
    case 'ssh_key':
      return credential.privateKey
    case 'signer':
      return credential.key
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
