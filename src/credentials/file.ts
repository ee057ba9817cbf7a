import { Refusal } from '../refusal.ts'
import type { Places } from './places.ts'
import { type PrivateFileRules, readPrivateFile } from './private-file.ts'

/** The largest value that any source may hold. */
export const maxSecretBytes = 64 * 1024

/**
 * Reads a value from a file of its own.
 *
 * @throws Refusal credential_unavailable
 */
export async function readSecretFile(
  path: string,
  { platform }: Places,
  rules: Pick<PrivateFileRules, 'links' | 'readers'> = { links: 'follow' },
): Promise<string> {
  return valueText(await readPrivateFile(path, { maxBytes: maxSecretBytes, platform, ...rules }), path)
}

/**
 * Takes what a file holds or a program printed as a value. One line break at the end, which editors and programs add, is
 * not part of it.
 *
 * @param what where the bytes are from, for error messages
 * @throws Refusal credential_unavailable
 */
export function valueText(bytes: Uint8Array, what: string): string {
  const value = decode(bytes, what).replace(/\r?\n$/, '')
  if (value === '') throw new Refusal('credential_unavailable', `${what} is empty`)
  if (value.includes('\0')) throw new Refusal('credential_unavailable', `${what} contains a NUL character`)
  return value
}

function decode(bytes: Uint8Array, what: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new Refusal('credential_unavailable', `${what} is not UTF-8 text`)
  }
}
