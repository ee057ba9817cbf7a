import type { LeasedCredential } from '../../src/kind.ts'
import { authorizationOf } from '../../src/net/authorization.ts'

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
    case 'mtls':
      return nothing
    default:
      return credential satisfies never
  }
}

function headers(fields: Readonly<Record<string, string>>): Presentation {
  return { headers: fields, query: '' }
}

/** The query parameter that a credential fills; null when it fills none. */
export function presentedParameter(credential: LeasedCredential | null): string | null {
  return credential?.type === 'api_key' && credential.in === 'query' ? credential.name : null
}
