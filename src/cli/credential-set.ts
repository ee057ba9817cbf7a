import { nearestWord } from '../config/problem.ts'
import { announceChange } from '../credentials/changes.ts'
import { partsOf } from '../credentials/credential.ts'
import { maxSecretBytes } from '../credentials/file.ts'
import { fingerprintOf } from '../credentials/fingerprint.ts'
import type { IdentityPlace } from '../credentials/identity.ts'
import { looksLikePem, privateKeyProblem } from '../credentials/pem.ts'
import { readSource } from '../credentials/read-source.ts'
import { describeSource } from '../credentials/source.ts'
import { tokenProblem } from '../credentials/value-problem.ts'
import { Refusal } from '../refusal.ts'
import { type CredentialCommand, usersOf, writeJson } from './credential-command.ts'
import { type Store, storeIn, storeOf } from './credential-store.ts'

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
  const known = usersOf(store, command.config).length > 0
  // A name that is none is often the value, typed in the wrong place.
  if (!known && !newName.test(input.name)) {
    throw new Refusal(
      'invalid_input',
      'a new credential is named with 1-32 of a-z, 0-9, _ and -, beginning with a letter',
    )
  }
  const value = await command.readSecret(`Value of ${input.name} (it is not shown): `)
  const problem = valueProblem(value, store, command.config)
  if (problem !== null) throw new Refusal('invalid_input', `the value ${problem}; nothing was changed`)
  await storeIn(store, value, places, input.identity)
  if ((await readSource(store, places)) !== value) {
    throw new Refusal('credential_unavailable', `${describeSource(store)} does not give back what was stored`)
  }
  announceChange(places.stateDir, new Date(command.clock()))
  const fingerprint = fingerprintOf(fingerprintKey, value)
  const usedBy = usersOf(store, command.config)
  const yaml = usedBy.length > 0 ? null : `credentials:\n  ${input.name}: ${yamlOf(store, value)}\n`
  if (command.json) {
    return writeJson(command, { name: input.name, source: describeSource(store), fingerprint, used_by: usedBy, yaml })
  }
  command.write(`${input.name} is stored: ${describeSource(store)}, fingerprint ${fingerprint}\n`)
  const meant = known ? null : nearestWord(input.name, [...(command.config?.credentials.keys() ?? [])])
  if (meant !== null) command.write(`\nThe configuration has no ${input.name}; did you mean ${meant}?\n`)
  if (yaml !== null) command.write(`\nTo use it, add to keyhold.yaml:\n\n${yaml}`)
}

/** As a configuration names credentials. */
const newName = /^[a-z][a-z0-9_-]{0,31}$/

/** Says why a value cannot be stored in this place, in words without the value; null when it can. */
export function valueProblem(value: string, store: Store, config: CredentialCommand['config']): string | null {
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

function yamlOf(store: Store, value: string): string {
  const source = describeSource(store).replace(' ', ': ')
  if (!looksLikePem(value)) return `{ type: bearer, token: { ${source} } }`
  if (!value.includes('PRIVATE KEY-----')) {
    return `{ type: mtls, certificate: { ${source} }, private_key: { sealed: KEY } }`
  }
  return `{ type: github_app, app_id: "ID", installation_id: "ID", private_key: { ${source} } }`
}
