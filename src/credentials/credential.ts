import * as z from 'zod'
import { BearerCredential } from './bearer.ts'
import type { Source } from './source.ts'

/** A credential as the configuration describes it: what it is and where its values come from. */
export const Credential = z.discriminatedUnion('type', [BearerCredential])

export type Credential = z.output<typeof Credential>

/** Lists the sources that a credential is put together from. */
export function sourcesOf(credential: Credential): readonly [Source, ...Source[]] {
  switch (credential.type) {
    case 'bearer':
      return [credential.token]
    default:
      return credential.type satisfies never
  }
}
