import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A certificate and its private key, as PEM and as files. */
export interface Issued {
  readonly certificate: string
  readonly privateKey: string
  readonly certificateFile: string
  readonly privateKeyFile: string
}

/** A certificate authority of a test's own, in a folder of its own. */
export interface Authority {
  readonly folder: string
  /** The authority's own certificate. */
  readonly ca: Issued
  /** Signs a certificate: `alt` as in `DNS:api.test,IP:127.0.0.1`; with `expired` it is no longer valid. */
  issue(
    name: string,
    options: { readonly alt: string; readonly for: 'server' | 'client'; readonly expired?: boolean },
  ): Issued
  /** Makes a certificate that vouches for itself. */
  selfSigned(name: string, alt: string): Issued
  remove(): void
}

/** Makes an authority with the `openssl` command. */
export function createAuthority(name = 'Test CA'): Authority {
  const folder = mkdtempSync(join(tmpdir(), 'keyhold-certificates-'))
  const ca = rooted('ca', name, ['-addext', 'keyUsage=critical,keyCertSign'])

  function issued(file: string): Issued {
    const [certificateFile, privateKeyFile] = [join(folder, `${file}.pem`), join(folder, `${file}.key`)]
    const read = (path: string) => readFileSync(path, 'utf8')
    return { certificateFile, privateKeyFile, certificate: read(certificateFile), privateKey: read(privateKeyFile) }
  }

  function rooted(file: string, subject: string, more: readonly string[]): Issued {
    openssl(folder, ['req', '-x509', ...newKey(file), '-out', `${file}.pem`, '-days', '30', ...named(subject), ...more])
    return issued(file)
  }

  return {
    folder,
    ca,
    issue(file, options) {
      writeFileSync(join(folder, `${file}.ext`), `subjectAltName=${options.alt}\nextendedKeyUsage=${options.for}Auth\n`)
      openssl(folder, ['req', '-new', ...newKey(file), '-out', `${file}.csr`, ...named(file)])
      const signed = ['x509', '-req', '-in', `${file}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial']
      const days = options.expired === true ? '-1' : '30'
      openssl(folder, [...signed, '-days', days, '-extfile', `${file}.ext`, '-out', `${file}.pem`])
      return issued(file)
    },
    selfSigned: (file, alt) => rooted(file, file, ['-addext', `subjectAltName=${alt}`]),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

function newKey(file: string): readonly string[] {
  return ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', `${file}.key`]
}

function named(subject: string): readonly string[] {
  return ['-subj', `/CN=${subject}`]
}

function openssl(folder: string, args: readonly string[]): void {
  try {
    execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  } catch (cause) {
    if ((cause as { readonly code?: unknown }).code !== 'ENOENT') throw cause
    throw new Error('the tests of TLS need the openssl command (Debian: apt install openssl)', { cause })
  }
}
