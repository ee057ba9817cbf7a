import { announceChange } from '../credentials/changes.ts'
import { describeSource } from '../credentials/source.ts'
import { Refusal } from '../refusal.ts'
import { type CredentialCommand, usersOf, writeJson } from './credential-command.ts'
import { removeFrom, storeOf } from './credential-store.ts'

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
  if (!(await removeFrom(store, command.places)))
    throw new Refusal('credential_unavailable', `there is no ${describeSource(store)}; nothing was removed`)
  announceChange(command.places.stateDir, new Date(command.clock()))
  const usedBy = usersOf(store, command.config)
  if (command.json) return writeJson(command, { removed: describeSource(store), used_by: usedBy })
  command.write(`${describeSource(store)} is removed\n`)
  for (const user of usedBy) {
    const tools = user.tools.length === 0 ? '' : `, for the tools ${user.tools.join(', ')}`
    command.write(`The configuration still names it as credential ${user.credential}${tools}; it cannot be read now.\n`)
  }
}
