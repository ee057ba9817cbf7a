import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'

/** A private key as it was read: its PEM block alone, and parsed. */
interface PrivateKey {
  readonly pem: string
  readonly key: KeyObject
}

const keyBlock = /-----BEGIN ((?:[A-Z0-9]+ )?PRIVATE KEY)-----[\s\S]*?-----END \1-----/g
const certificateBlock = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g

/** Tells whether a value is meant to be PEM, whatever is in it. */
export function looksLikePem(value: string): boolean {
  return /^\s*-----BEGIN /.test(value)
}

/** Parses the one private key of a value, or says in words without the value why there is none. */
export function privateKeyOf(value: string): PrivateKey | string {
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: *4, *ENCRYPTED/m.test(value)) {
    return 'is encrypted with a passphrase, which nobody is there to enter; store it decrypted (openssl pkey -in KEY -out NEW)'
  }
  if (value.includes('-----BEGIN OPENSSH PRIVATE KEY-----')) {
    return 'is in the form of OpenSSH; convert a copy to PEM (ssh-keygen -p -m PEM -f COPY)'
  }
  if (/^-----BEGIN [A-Z0-9 ]+-----\\n/m.test(value)) return 'has \\n written out where its line breaks belong'
  const blocks = value.match(keyBlock) ?? []
  const [pem] = blocks
  if (pem === undefined) return 'is not a private key in PEM form (-----BEGIN PRIVATE KEY-----)'
  if (blocks.length > 1) return 'holds more than one private key'
  try {
    return { pem, key: createPrivateKey(pem) }
  } catch {
    return 'is not a private key that can be read; its PEM is damaged, or of an unknown kind'
  }
}

/** Parses the certificates of a value, the first being the client's own, or says in words without the value why there are none. */
export function certificatesOf(value: string): { readonly pem: string; readonly first: X509Certificate } | string {
  // Taking the blocks out leaves a private key behind that is in the same file.
  const blocks = value.match(certificateBlock) ?? []
  const parsed: X509Certificate[] = []
  for (const block of blocks) {
    try {
      parsed.push(new X509Certificate(block))
    } catch {
      return 'holds a certificate that cannot be read; its PEM is damaged'
    }
  }
  const [first] = parsed
  if (first === undefined) return 'is not a certificate in PEM form (-----BEGIN CERTIFICATE-----)'
  return { pem: `${blocks.join('\n')}\n`, first }
}

/** What is wrong with a value as a private key; null when nothing is. */
export function privateKeyProblem(value: string): string | null {
  const key = privateKeyOf(value)
  return typeof key === 'string' ? key : null
}

/** What is wrong with a value as a certificate or a chain of them; null when nothing is. */
export function certificateProblem(value: string): string | null {
  const certificates = certificatesOf(value)
  return typeof certificates === 'string' ? certificates : null
}
