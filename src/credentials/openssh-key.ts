/** How many fields the private part of a key has after its type, by that (PROTOCOL.key and the agent protocol of OpenSSH). */
const fieldsOf: Readonly<Record<string, number>> = {
  'ssh-ed25519': 2,
  'ssh-rsa': 6,
  'ecdsa-sha2-nistp256': 3,
  'ecdsa-sha2-nistp384': 3,
  'ecdsa-sha2-nistp521': 3,
}

const magic = 'openssh-key-v1\0'

const damaged = 'is in the form of OpenSSH, but damaged'

/** Says what is wrong with the bytes of a private key in the form of OpenSSH (PROTOCOL.key); null when nothing is. */
export function opensshProblem(bytes: Buffer): string | null {
  try {
    return problemOf(bytes)
  } catch (error) {
    if (error instanceof RangeError) return damaged
    throw error
  }
}

function problemOf(bytes: Buffer): string | null {
  if (bytes.toString('latin1', 0, magic.length) !== magic) return damaged
  const outer = new Fields(bytes.subarray(magic.length))
  const cipher = outer.text()
  if (cipher !== 'none')
    return 'is encrypted with a passphrase, which nobody is there to enter; store a copy without one (ssh-keygen -p -f COPY)'
  if (outer.text() !== 'none' || outer.text() !== '') return damaged
  if (outer.number() !== 1) return 'holds more than one private key'
  const known = new Fields(outer.bytes())
  const inner = new Fields(outer.bytes())
  // Written twice, so that a wrong passphrase is noticed.
  if (inner.number() !== inner.number() || outer.rest.length > 0) return damaged
  const type = inner.text()
  if (known.text() !== type) return damaged
  const count = fieldsOf[type]
  if (count === undefined) return 'is of a kind that is not supported; take an Ed25519, ECDSA or RSA key'
  const fields = Array.from({ length: count }, () => inner.text())
  while (known.rest.length > 0) if (!fields.includes(known.text())) return damaged
  // The comment; what follows it counts from 1.
  inner.text()
  return inner.rest.every((byte, index) => byte === index + 1) ? null : damaged
}

/** Reads the fields of the SSH protocol one after the other (RFC 4251, 5); a RangeError tells that there are no more. */
class Fields {
  rest: Buffer

  constructor(bytes: Buffer) {
    this.rest = bytes
  }

  number(): number {
    const value = this.rest.readUInt32BE(0)
    this.rest = this.rest.subarray(4)
    return value
  }

  bytes(): Buffer {
    const length = this.number()
    if (length > this.rest.length) throw new RangeError('a field goes beyond the end')
    const value = this.rest.subarray(0, length)
    this.rest = this.rest.subarray(length)
    return value
  }

  text(): string {
    return this.bytes().toString('latin1')
  }
}
