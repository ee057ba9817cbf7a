import { Refusal } from '../refusal.ts'
import type { Places } from './places.ts'
import { readPrivateFile } from './private-file.ts'

/** The largest value that any source may hold. */
export const maxSecretBytes = 64 * 1024

/** Reads a value from a file of its own. One line break at the end, which editors add, is not part of it. */
export async function readSecretFile(path: string, places: Places): Promise<string> {
  const bytes = await readPrivateFile(path, { maxBytes: maxSecretBytes, links: 'follow', platform: places.platform })
  const value = decode(bytes, path).replace(/\r?\n$/, '')
  if (value === '') throw new Refusal('credential_unavailable', `${path} is empty`)
  if (value.includes('\0')) throw new Refusal('credential_unavailable', `${path} contains a NUL character`)
  return value
}

function decode(bytes: Buffer, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new Refusal('credential_unavailable', `${path} is not UTF-8 text`)
  }
}
