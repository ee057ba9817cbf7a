import type { Config } from '../config/config.ts'
import { partsOf, sourcesOf } from '../credentials/credential.ts'
import { maxSecretBytes } from '../credentials/file.ts'
import { fingerprintOf } from '../credentials/fingerprint.ts'
import type { IdentityPlace } from '../credentials/identity.ts'
import { removeFromKeychain, writeKeychain } from '../credentials/keychain.ts'
import { looksLikePem, privateKeyProblem } from '../credentials/pem.ts'
import type { Places } from '../credentials/places.ts'
import { readCredential } from '../credentials/read.ts'
import { listSealed, removeSealed, seal } from '../credentials/sealed.ts'
import { describeSource, readSource, type Source } from '../credentials/source.ts'
import { tokenProblem } from '../credentials/value-problem.ts'
import { Refusal } from '../refusal.ts'
import { type Store, storeOf } from './credential-store.ts'

/** What the three commands work with. */
export interface CredentialCommand {
  readonly places: Places
  readonly fingerprintKey: Uint8Array
  /** Null when there is no configuration; setting a credential is often what comes before writing one. */
  readonly config: Pick<Config, 'credentials' | 'tools'> | null
  readonly write: (text: string) => void
  readonly json: boolean
}

/**
 * Stores the value of a credential where the configuration says it is, or seals it under its name. A credential of
 * several values is stored item by item, each under the name of the item.
 * Reads it back as a worker would, and shows its fingerprint, never the value.
 *
 * @param input `keychain`: use the keychain for a name that the configuration does not know;
 *   `identity`: where to keep the identity of sealed items, if this is the first
 * @throws Refusal invalid_input when the name or the value cannot be used, else credential_unavailable
 */
export async function setCredential(
  input: { readonly name: string; readonly keychain: boolean; readonly identity?: IdentityPlace | undefined },
  command: CredentialCommand & { readonly readSecret: (prompt: string) => Promise<string> },
): Promise<void> {
  const { places, fingerprintKey } = command
  const store = storeOf(input.name, input.keychain, command.config)
  const value = await command.readSecret(`Value of ${input.name} (it is not shown): `)
  const problem = valueProblem(value, store, command.config)
  if (problem !== null) throw new Refusal('invalid_input', `the value ${problem}; nothing was changed`)
  if ('sealed' in store) await seal(store.sealed, value, places, input.identity)
  else await writeKeychain(store.keychain, value, places)
  if ((await readSource(store, places)) !== value) {
    throw new Refusal('credential_unavailable', `${describeSource(store)} does not give back what was stored`)
  }
  const fingerprint = fingerprintOf(fingerprintKey, value)
  const usedBy = usersOf(store, command.config)
  const yaml = usedBy.length > 0 ? null : `credentials:\n  ${input.name}: ${yamlOf(store, value)}\n`
  if (command.json) {
    return writeJson(command, { name: input.name, source: describeSource(store), fingerprint, used_by: usedBy, yaml })
  }
  command.write(`${input.name} is stored: ${describeSource(store)}, fingerprint ${fingerprint}\n`)
  if (yaml !== null) command.write(`\nTo use it, add to keyhold.yaml:\n\n${yaml}`)
}

/** Lists credentials with their sources and fingerprints, or why they cannot be read, and sealed items that nothing uses. */
export async function listCredentials(command: CredentialCommand): Promise<void> {
  const configured = [...(command.config?.credentials ?? [])]
  const named = new Set(configured.flatMap(([, credential]) => sourcesOf(credential).map(describeSource)))
  const strays = (await listSealed(command.places)).filter(item => !named.has(describeSource({ sealed: item })))
  const rows: Row[] = []
  for (const [name, credential] of configured) {
    rows.push({
      name,
      type: credential.type,
      source: sourcesOf(credential).map(describeSource).join(', '),
      tools: toolsOf(name, command.config),
      ...(await shown(async () => (await readCredential({ name, credential, ...command })).fingerprint)),
    })
  }
  for (const item of strays) rows.push(await strayRow(item, command))
  if (command.json) return writeJson(command, { credentials: rows })
  if (rows.length === 0) command.write('There are no credentials yet; keyhold credential set NAME makes one.\n')
  command.write(table(rows.map(cells)))
}

/**
 * Removes the value of a credential from where keyhold keeps it, and says what still counts on it.
 *
 * @param input `keychain`: the item of a name that the configuration does not know is in the keychain
 */
export async function removeCredential(
  input: { readonly name: string; readonly keychain: boolean },
  command: CredentialCommand,
): Promise<void> {
  const store = storeOf(input.name, input.keychain, command.config)
  const removed =
    'sealed' in store
      ? await removeSealed(store.sealed, command.places)
      : await removeFromKeychain(store.keychain, command.places)
  if (!removed) throw new Refusal('credential_unavailable', `there is no ${describeSource(store)}; nothing was removed`)
  const usedBy = usersOf(store, command.config)
  if (command.json) return writeJson(command, { removed: describeSource(store), used_by: usedBy })
  command.write(`${describeSource(store)} is removed\n`)
  for (const user of usedBy) {
    const tools = user.tools.length === 0 ? '' : `, for the tools ${user.tools.join(', ')}`
    command.write(`The configuration still names it as credential ${user.credential}${tools}; it cannot be read now.\n`)
  }
}

function valueProblem(value: string, store: Store, config: CredentialCommand['config']): string | null {
  if (value === '') return 'is empty'
  if (Buffer.byteLength(value) > maxSecretBytes) return `is larger than ${maxSecretBytes} bytes`
  if (value.includes('\0')) return 'contains a control character (U+0000)'
  const uses = [...(config?.credentials.values() ?? [])]
    .flatMap(partsOf)
    .filter(part => describeSource(part.source) === describeSource(store))
  if (uses.length === 0) return problemOfUnused(value)
  return uses.map(part => part.problemOf(value)).find(problem => problem !== null) ?? null
}

/** Nothing says yet what the value is for. */
function problemOfUnused(value: string): string | null {
  if (!looksLikePem(value)) return tokenProblem(value)
  return value.includes('PRIVATE KEY-----') ? privateKeyProblem(value) : null
}

interface User {
  readonly credential: string
  readonly tools: readonly string[]
}

function usersOf(source: Source, config: CredentialCommand['config']): User[] {
  return [...(config?.credentials ?? [])]
    .filter(([, credential]) => sourcesOf(credential).some(other => describeSource(other) === describeSource(source)))
    .map(([credential]) => ({ credential, tools: toolsOf(credential, config) }))
}

function toolsOf(credential: string, config: CredentialCommand['config']): string[] {
  return (config?.tools ?? []).filter(tool => tool.credential === credential).map(tool => tool.name)
}

function yamlOf(store: Store, value: string): string {
  const source = 'sealed' in store ? `sealed: ${store.sealed}` : `keychain: ${store.keychain}`
  if (!looksLikePem(value)) return `{ type: bearer, token: { ${source} } }`
  if (!value.includes('PRIVATE KEY-----')) {
    return `{ type: mtls, certificate: { ${source} }, private_key: { sealed: KEY } }`
  }
  return `{ type: github_app, app_id: "ID", installation_id: "ID", private_key: { ${source} } }`
}

interface Row {
  readonly name: string
  /** Null for a sealed item that the configuration does not name. */
  readonly type: string | null
  readonly source: string
  readonly fingerprint: string | null
  /** Why it cannot be read. */
  readonly problem: string | null
  readonly tools: readonly string[]
}

/** A sealed item that nothing uses, so that nothing says what its value has to look like. */
async function strayRow(item: string, command: CredentialCommand): Promise<Row> {
  const source: Source = { sealed: item }
  return {
    name: item,
    type: null,
    source: describeSource(source),
    tools: [],
    ...(await shown(async () => fingerprintOf(command.fingerprintKey, await readSource(source, command.places)))),
  }
}

async function shown(fingerprint: () => Promise<string>): Promise<Pick<Row, 'fingerprint' | 'problem'>> {
  try {
    return { fingerprint: await fingerprint(), problem: null }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return { fingerprint: null, problem: error.message }
  }
}

function cells(row: Row): string[] {
  const use = row.type === null ? 'not in the configuration' : row.tools.length === 0 ? 'no tool' : row.tools.join(', ')
  return [row.name, row.type ?? '-', row.source, use, row.fingerprint ?? `cannot be read: ${row.problem}`]
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows.reduce<number[]>(
    (all, row) => row.map((cell, index) => Math.max(cell.length, all[index] ?? 0)),
    [],
  )
  return rows
    .map(
      row =>
        `${row
          .map((cell, index) => cell.padEnd(widths[index] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}

function writeJson(command: CredentialCommand, value: unknown): void {
  command.write(`${JSON.stringify(value, null, 2)}\n`)
}
