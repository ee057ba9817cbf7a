import * as z from 'zod'
import { Secret } from '../secret.ts'
import { opensshProblem } from './openssh-key.ts'
import { privateKeyOf } from './pem.ts'
import type { Reader, Reading } from './reading.ts'
import { Source } from './source.ts'

/** A key that logs in to SSH servers. */
export const SshKeyCredential = z.strictObject({
  type: z.literal('ssh_key'),
  private_key: Source.describe('In the form of OpenSSH or PEM, without a passphrase'),
})

export type SshKeyCredential = z.output<typeof SshKeyCredential>

const opensshBlock = /-----BEGIN OPENSSH PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END OPENSSH PRIVATE KEY-----/g

/** Reads a key. */
export async function readSshKey(credential: SshKeyCredential, reader: Reader): Promise<Reading> {
  const value = await reader.read(credential.private_key, 'private key', sshKeyProblem)
  const key = sshKeyOf(value)
  if ('problem' in key) throw new TypeError('a key was read that is none')
  return {
    // ssh takes a key only with a line break at its end.
    credential: { type: 'ssh_key', privateKey: new Secret(reader.name, `${key.block}\n`) },
    secrets: [new Secret(reader.name, key.block)],
    fingerprint: reader.fingerprint(value),
  }
}

/** What is wrong with a value as the private key of SSH; null when nothing is. */
export function sshKeyProblem(value: string): string | null {
  const key = sshKeyOf(value)
  return 'problem' in key ? key.problem : null
}

/** The one key of a value alone, or in words without the value why there is none. */
function sshKeyOf(value: string): { readonly block: string } | { readonly problem: string } {
  const text = value.replaceAll('\r\n', '\n')
  const [openssh, ...others] = [...text.matchAll(opensshBlock)]
  if (openssh === undefined) return pemKeyOf(text)
  const problem = others.length > 0 ? 'holds more than one private key' : opensshProblem(bytesOf(openssh))
  return problem === null ? { block: openssh[0] } : { problem }
}

function bytesOf([, base64 = '']: RegExpMatchArray): Buffer {
  return Buffer.from(base64, 'base64')
}

function pemKeyOf(text: string): ReturnType<typeof sshKeyOf> {
  if (/-----(?:BEGIN|END) OPENSSH PRIVATE KEY-----/.test(text))
    return { problem: 'is in the form of OpenSSH, but damaged: look at its line breaks and at both its ends' }
  const parsed = privateKeyOf(text)
  if (typeof parsed === 'string') return { problem: parsed }
  const { asymmetricKeyType } = parsed.key
  if (asymmetricKeyType === 'rsa' || asymmetricKeyType === 'ec') return { block: parsed.pem }
  return {
    problem: 'is a key in PEM that ssh does not read; only RSA and ECDSA keys are PEM, others in the form of OpenSSH',
  }
}
