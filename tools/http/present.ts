import type { LeasedCredential, UnsignedRequest } from '../../src/leased.ts'
import { authorizationOf } from '../../src/net/authorization.ts'
import { Refusal } from '../../src/refusal.ts'

/** What a credential adds to a request: headers, and what follows the query. */
interface Presentation {
  readonly headers: Readonly<Record<string, string>>
  readonly query: string
}

const nothing: Presentation = { headers: {}, query: '' }

/** Writes a credential into what a request needs; the last place where it is a value, right before the wire. */
export function present(credential: LeasedCredential | null): Presentation {
  if (credential === null) return nothing
  switch (credential.type) {
    case 'bearer':
    case 'basic':
      return headers({ authorization: authorizationOf(credential) })
    case 'api_key': {
      const { name, value } = credential
      if (credential.in === 'header') return headers({ [name]: value.use(key => key) })
      return { headers: {}, query: value.use(key => new URLSearchParams([[name, key]]).toString()) }
    }
    case 'headers':
      return headers(
        Object.fromEntries(Object.entries(credential.headers).map(([name, value]) => [name, value.use(key => key)])),
      )
    case 'mtls':
    // What it adds depends on the request as a whole; see `signedHeaders`.
    case 'signer':
      return nothing
    case 'password':
    case 'ssh_key':
      throw new Refusal('internal', 'a credential that no HTTP request can present')
    default:
      return credential satisfies never
  }
}

function headers(fields: Readonly<Record<string, string>>): Presentation {
  return { headers: fields, query: '' }
}

/** Has a request signed that is final otherwise; what is presented as it is adds nothing. */
export async function signedHeaders(
  credential: LeasedCredential | null,
  request: UnsignedRequest,
): Promise<Readonly<Record<string, string>>> {
  if (credential?.type !== 'signer') return {}
  const { headers: added } = await credential.sign(request)
  return Object.fromEntries(
    Object.entries(added).map(([name, value]) => [name, typeof value === 'string' ? value : value.use(text => text)]),
  )
}

/**
 * Writes path and query as they are sent. A `+` is itself to some servers and a space to others (to S3 even in a path), who then
 * check a signature over something else than was signed; so with a signature there is none.
 */
export function pathAndQuery(credential: LeasedCredential | null, path: string, query: string): string {
  const isSigned = credential?.type === 'signer'
  const sentPath = isSigned ? path.replaceAll('+', '%2B') : path
  const sentQuery = isSigned ? query.replaceAll('+', '%20') : query
  return sentQuery === '' ? sentPath : `${sentPath}?${sentQuery}`
}

/** The query parameter that a credential fills; null when it fills none. */
export function presentedParameter(credential: LeasedCredential | null): string | null {
  return credential?.type === 'api_key' && credential.in === 'query' ? credential.name : null
}
