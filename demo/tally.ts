/** What was claimed, in words, and whether it held. */
export type Claims = Readonly<Record<string, boolean>>

/** Keeps the claims that did not hold. */
export class Tally {
  readonly broken: string[] = []

  /** Whether all of some claims held. */
  held(claims: Claims): boolean {
    const broken = Object.keys(claims).filter(claim => !claims[claim])
    this.broken.push(...broken)
    return broken.length === 0
  }
}
