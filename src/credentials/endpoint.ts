import { readFile } from 'node:fs/promises'
import * as z from 'zod'
import { isLoopbackHost, parseCidr } from '../net/address.ts'
import { ConnectFailed } from '../net/connect-failed.ts'
import type { ExchangeOptions } from '../net/exchange.ts'
import { Refusal } from '../refusal.ts'

/** An address that keys are sent to: encrypted, unless it is this machine. */
export const EndpointUrl = z
  .string()
  .max(2_048)
  .refine(isEndpointUrl, 'an https URL without user, query and fragment (http only on this machine)')

/** The keys that every endpoint has beside its address. */
export const EndpointKeys = {
  ca: z
    .string()
    .regex(/^(?:\/|[A-Za-z]:[\\/])[^*\p{Cc}]+(?<![\\/])$/u, 'an absolute path of one file')
    .optional()
    .describe('Certificate authorities to trust beside the usual ones, as PEM'),
  unsafe_allow_private: z
    .array(z.string().refine(isCidr, 'a range of addresses, such as 10.0.0.0/8'))
    .default([])
    .describe('Ranges that its name may lead to although they are not public'),
} as const

/** What a configuration says about an endpoint. */
export interface Endpoint {
  readonly ca?: string | undefined
  readonly unsafe_allow_private: readonly string[]
}

/**
 * Makes the options of one exchange with an endpoint.
 *
 * @throws Refusal credential_unavailable when the file of its authorities cannot be read
 */
export async function exchangeOptions(
  endpoint: Endpoint,
  limits: { readonly timeoutMs: number; readonly maxBytes: number },
): Promise<ExchangeOptions> {
  return {
    signal: AbortSignal.timeout(limits.timeoutMs),
    maxBytes: limits.maxBytes,
    allowed: endpoint.unsafe_allow_private.map(parseCidr),
    timeoutMs: limits.timeoutMs,
    ca: endpoint.ca === undefined ? null : await readAuthorities(endpoint.ca),
    clientCertificate: null,
    proxy: null,
  }
}

/** Says why an exchange gave no answer, in words that hold nothing of what was sent or came back. */
export function whyNoAnswer(error: unknown): string {
  if (error instanceof ConnectFailed) return `could not be reached: ${error.message.slice(0, 300)}`
  if (error instanceof DOMException && error.name === 'TimeoutError') return 'did not answer in time'
  return 'gave no answer that can be used: it is too large, or broke off'
}

async function readAuthorities(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new Refusal('credential_unavailable', `${file} (ca) cannot be read`, { cause })
  }
}

function isEndpointUrl(text: string): boolean {
  // The parser drops spaces and line breaks, and takes a backslash for a slash: what it reads is not what stands there.
  if (!/^https?:\/\/[^/\s\\\p{Cc}][^\s\\\p{Cc}]*$/iu.test(text)) return false
  const url = URL.parse(text)
  if (url === null || url.username !== '' || url.password !== '' || /[?#]/.test(text)) return false
  if (url.protocol === 'https:') return true
  return url.protocol === 'http:' && isLoopbackHost(url.hostname)
}

function isCidr(text: string): boolean {
  try {
    parseCidr(text)
    return true
  } catch {
    return false
  }
}
