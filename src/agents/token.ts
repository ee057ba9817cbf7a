import { hash } from 'node:crypto'

/** A new agent token: 256 bits, with a prefix by which scanners recognise it. */
export function createToken(random: (bytes: number) => Buffer): { readonly token: string; readonly sha256: string } {
  const token = `keyhold_${random(32).toString('base64url')}`
  return { token, sha256: hash('sha256', token, 'hex') }
}
