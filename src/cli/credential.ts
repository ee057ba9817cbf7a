import type { Config } from '../config/config.ts'
import type { Credential } from '../credentials/credential.ts'
import { sourcesOf } from '../credentials/credential.ts'
import { maxSecretBytes } from '../credentials/file.ts'
import { fingerprintOf } from '../credentials/fingerprint.ts'
import type { IdentityPlace } from '../credentials/identity.ts'
import { itemPattern, itemRule } from '../credentials/item.ts'
import { removeFromKeychain, writeKeychain } from '../credentials/keychain.ts'
import { createLease, tokenProblem } from '../credentials/lease.ts'
import type { Places } from '../credentials/places.ts'
import { listSealed, removeSealed, seal } from '../credentials/sealed.ts'
import { describeSource, readSource, type Source } from '../credentials/source.ts'
import { Refusal } from '../refusal.ts'

/** What the three commands work with. */
export interface CredentialCommand {
  readonly places: Places
  readonly fingerprintKey: Uint8Array
  /** Null when there is no configuration; setting a credential is often what comes before writing one. */
  readonly config: Pick<Config, 'credentials' | 'tools'> | null
  readonly write: (text: string) => void
  readonly json: boolean
}

/** A source that keyhold itself can write. */
type Store = { readonly sealed: string } | { readonly keychain: string }

/**
 * Stores the value of a credential where the configuration says it is, or seals it under its name.
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
  const problem = valueProblem(value)
  if (problem !== null) throw new Refusal('invalid_input', `the value ${problem}; nothing was changed`)
  if ('sealed' in store) await seal(store.sealed, value, places, input.identity)
  else await writeKeychain(store.keychain, value, places)
  if ((await readSource(store, places)) !== value) {
    throw new Refusal('credential_unavailable', `${describeSource(store)} does not give back what was stored`)
  }
  const fingerprint = fingerprintOf(fingerprintKey, value)
  const usedBy = usersOf(store, command.config)
  const yaml = usedBy.length > 0 ? null : `credentials:\n  ${input.name}: ${yamlOf(store)}\n`
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
  for (const [name, credential] of configured) rows.push(await rowOf(name, credential, true, command))
  for (const item of strays) {
    rows.push(await rowOf(item, { type: 'bearer', scheme: 'Bearer', token: { sealed: item } }, false, command))
  }
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

function storeOf(name: string, keychain: boolean, config: CredentialCommand['config']): Store {
  const credential = config?.credentials.get(name)
  if (credential === undefined) {
    // The name is not repeated: it may be the secret, typed in the wrong place.
    if (!itemPattern.test(name)) throw new Refusal('invalid_input', itemRule)
    return keychain ? { keychain: name } : { sealed: name }
  }
  const [source] = sourcesOf(credential)
  if ('env' in source) {
    throw new Refusal(
      'invalid_input',
      `${name} is read from the variable ${source.env}, which is set where keyhold is started; to keep it here, write { sealed: ${name} } in the configuration`,
    )
  }
  if ('file' in source) {
    throw new Refusal(
      'invalid_input',
      `${name} is read from ${source.file}, which is yours to change; to keep it here, write { sealed: ${name} } in the configuration`,
    )
  }
  if (keychain && !('keychain' in source)) {
    throw new Refusal(
      'invalid_input',
      `the configuration says that ${name} is in ${describeSource(source)}, not in the keychain`,
    )
  }
  return source
}

function valueProblem(value: string): string | null {
  if (value === '') return 'is empty'
  if (Buffer.byteLength(value) > maxSecretBytes) return `is larger than ${maxSecretBytes} bytes`
  return tokenProblem(value)
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

function yamlOf(store: Store): string {
  const source = 'sealed' in store ? `sealed: ${store.sealed}` : `keychain: ${store.keychain}`
  return `{ type: bearer, token: { ${source} } }`
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

async function rowOf(
  name: string,
  credential: Credential,
  configured: boolean,
  command: CredentialCommand,
): Promise<Row> {
  const known = {
    name,
    type: configured ? credential.type : null,
    source: sourcesOf(credential).map(describeSource).join(', '),
    tools: configured ? toolsOf(name, command.config) : [],
  }
  const { places, fingerprintKey } = command
  try {
    const { fingerprint } = await createLease({ name, credential, places, fingerprintKey }).get()
    return { ...known, fingerprint, problem: null }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return { ...known, fingerprint: null, problem: error.message }
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
