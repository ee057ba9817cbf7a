import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A pair of keys as `ssh-keygen` makes them. */
export interface SshPair {
  readonly file: string
  readonly privateKey: string
  readonly publicKey: string
}

/** How a pair is made. */
export interface PairOptions {
  readonly type: 'ed25519' | 'rsa' | 'ecdsa'
  /** The format of the private key; that of OpenSSH unless said otherwise. */
  readonly format?: 'PEM' | 'PKCS8'
  readonly passphrase?: string
}

/** The forms in which people have their keys, by name. */
export const sshKeyForms: readonly (readonly [string, PairOptions])[] = [
  ['Ed25519', { type: 'ed25519' }],
  ['RSA', { type: 'rsa' }],
  ['ECDSA', { type: 'ecdsa' }],
  ['RSA in PEM', { type: 'rsa', format: 'PEM' }],
  ['ECDSA in PEM', { type: 'ecdsa', format: 'PEM' }],
  ['RSA in PKCS #8', { type: 'rsa', format: 'PKCS8' }],
  ['ECDSA in PKCS #8', { type: 'ecdsa', format: 'PKCS8' }],
]

/** A folder of keys. */
export interface SshKeys {
  readonly folder: string
  make(options: PairOptions): SshPair
  remove(): void
}

/** Makes keys with the `ssh-keygen` command. */
export function createSshKeys(): SshKeys {
  const folder = mkdtempSync(join(tmpdir(), 'keyhold-ssh-'))
  let made = 0
  return {
    folder,
    make({ type, format, passphrase = '' }) {
      made += 1
      const file = join(folder, `key-${made}`)
      const form = format === undefined ? [] : ['-m', format]
      sshKeygen(['-q', '-t', type, ...form, '-N', passphrase, '-C', 'of a test', '-f', file])
      return { file, privateKey: readFileSync(file, 'utf8'), publicKey: readFileSync(`${file}.pub`, 'utf8') }
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

function sshKeygen(args: readonly string[]): void {
  try {
    execFileSync('ssh-keygen', args, { stdio: 'pipe' })
  } catch (cause) {
    if ((cause as { readonly code?: unknown }).code !== 'ENOENT') throw cause
    throw new Error('the tests of SSH keys need the ssh-keygen command (Debian: apt install openssh-client)', { cause })
  }
}
