import { X509Certificate } from 'node:crypto'
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls'
import type { Secret } from '../secret.ts'

/** Whom a connection trusts and as whom it presents itself. */
export interface TrustOptions {
  /** PEM certificates that are trusted beside the runtime's own list, as for a company's own authority; null for none. */
  readonly ca: string | null
  /** Presented to the target, never to a proxy. PEM. */
  readonly clientCertificate: { readonly certificate: string; readonly privateKey: Secret } | null
}

/**
 * Makes what TLS connections are verified with, once for all of them: to the target with the client certificate, to a proxy without.
 *
 * @throws Error with a sentence when a certificate or key cannot be used
 */
export function createTrust(options: TrustOptions): { readonly target: SecureContext; readonly proxy: SecureContext } {
  const ca = options.ca === null ? {} : { ca: [...getCACertificates('default'), ...certificatesIn(options.ca)] }
  const base = { minVersion: 'TLSv1.2', ...ca } as const
  const proxy = createSecureContext(base)
  const presented = options.clientCertificate
  if (presented === null) return { target: proxy, proxy }
  const cert = certificatesIn(presented.certificate).join('\n')
  try {
    return { target: presented.privateKey.use(key => createSecureContext({ ...base, cert, key })), proxy }
  } catch (cause) {
    throw new Error('the client certificate and its private key cannot be used together', { cause })
  }
}

const certificateBlock = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g

/**
 * Takes the certificates out of a PEM text and checks each. OpenSSL itself skips what it cannot read, and a list from which
 * everything was skipped would look like a server's fault.
 *
 * @throws Error with a sentence when there is none, or one is broken
 */
export function certificatesIn(pem: string): readonly string[] {
  const blocks = pem.match(certificateBlock) ?? []
  if (blocks.length === 0) throw new Error('there is no PEM certificate in it (-----BEGIN CERTIFICATE-----)')
  for (const block of blocks) {
    try {
      void new X509Certificate(block)
    } catch (cause) {
      throw new Error('one of its PEM certificates cannot be read', { cause })
    }
  }
  return blocks
}
