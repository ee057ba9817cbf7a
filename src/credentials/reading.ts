import type { LeasedCredential } from '../kind.ts'
import type { Secret } from '../secret.ts'
import type { Source } from './source.ts'

/** How the values of one credential are read; made for one reading. */
export interface Reader {
  /** The credential's name, which labels its secrets. */
  readonly name: string
  /**
   * Reads one value.
   *
   * @param part what the value is, for error messages
   * @param problemOf says what is wrong with it, in words without the value
   * @throws Refusal credential_unavailable
   */
  read(source: Source, part: string, problemOf: (value: string) => string | null): Promise<string>
  fingerprint(value: string): string
}

/** The values of a credential as its sources gave them, checked. */
export interface Reading {
  readonly credential: LeasedCredential
  /** Everything that has to be redacted. */
  readonly secrets: readonly Secret[]
  /** Of the value that `credential set` stored. */
  readonly fingerprint: string
}
