import type { LeasedCredential, NeededRights } from '../leased.ts'
import type { Secret } from '../secret.ts'
import type { Places } from './places.ts'
import type { AnySource } from './source.ts'

/** How the values of one credential are read; made for one reading. */
export interface Reader {
  /** The credential's name, which labels its secrets. */
  readonly name: string
  /** In milliseconds. */
  readonly clock: () => number
  /**
   * Reads one value.
   *
   * @param part what the value is, for error messages
   * @param problemOf says what is wrong with it, in words without the value
   * @throws Refusal credential_unavailable
   */
  read(source: AnySource, part: string, problemOf: (value: string) => string | null): Promise<string>
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

/** Values that are not presented themselves, but exchanged for what is. */
export interface ExchangeReading {
  readonly exchange: (exchanging: Exchanging) => Promise<Exchanged>
  readonly secrets: readonly Secret[]
  readonly fingerprint: string
}

/** What an exchange needs beside the values. */
export interface Exchanging {
  readonly rights: NeededRights
  readonly places: Places
  readonly fingerprint: (value: string) => string
  readonly clock: () => number
  /** How long it may take as a whole. */
  readonly timeoutMs: number
}

/** What an exchange gave. */
export interface Exchanged {
  readonly credential: LeasedCredential
  /** Everything that has to be redacted, beside what it was exchanged for. */
  readonly secrets: readonly Secret[]
  /** In milliseconds; null when that is not known. */
  readonly expiresAt: number | null
  /** One line for the record: what was asked for. Null where there is nothing to ask for. */
  readonly asked: string | null
  /** Of the stored value, where the exchange has replaced it. */
  readonly fingerprint?: string
}
