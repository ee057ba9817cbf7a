import { isRandom, shortestPart, withoutPadding } from './entropy.ts'
import { essence } from './forms.ts'
import { reversed, type SecretParts } from './part-strings.ts'
import { holdsPrivateKey, secretPartsOfDer, secretPartsOfKeys } from './private-key.ts'
import { withoutPublicParts } from './public-parts.ts'

const none: SecretParts = { texts: [], bytes: [] }

/** Returns the secret parts of a value that are random enough to be searched for in parts; of most passwords there are none. */
export function secretPartsOf(value: string): SecretParts {
  const text = essence(value)
  return partsOf(decodedText(text) ?? text)
}

function partsOf(text: string): SecretParts {
  if (holdsPrivateKey(text)) return secretPartsOfKeys(text)
  if (isUuid(text)) return none
  if (isDer(text)) return secretPartsOfDer(text)
  const texts = withoutPublicParts(text).filter(isRandom).flatMap(withoutPadding)
  return { texts, bytes: texts.flatMap(each => [each, reversed(each)]).map(each => Buffer.from(each)) }
}

/** What `Basic` credentials, and keys in files of Kubernetes, are the base64 of; null when a value is no such thing. */
function decodedText(text: string): string | null {
  if (text.length < (shortestPart * 4) / 3 || !/^[A-Za-z0-9+/_-]+={0,2}$/.test(text)) return null
  const decoded = Buffer.from(text, 'base64').toString('latin1')
  return /^[\t\r\n -~]+$/.test(decoded) ? decoded : null
}

/** Its version is known, and in many its time and place (RFC 9562); between them nothing is left that could not be tried. */
function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)
}

/** A sequence of ASN.1 in base64: a key or a certificate without its armour. */
function isDer(text: string): boolean {
  return /^M[A-P][A-Za-z0-9+/\s]{40,}={0,2}$/.test(text) && Buffer.from(text, 'base64')[0] === 0x30
}
