import type { Config } from '../config/config.ts'
import { type Part, partsOf, sourcesOf } from '../credentials/credential.ts'
import type { IdentityPlace } from '../credentials/identity.ts'
import { itemPattern, itemRule } from '../credentials/item.ts'
import type { Places } from '../credentials/places.ts'
import { type AnySource, describeSource } from '../credentials/source.ts'
import { Refusal } from '../refusal.ts'

/** A source that keyhold itself can write. */
export type Store = { readonly sealed: string } | { readonly keychain: string } | { readonly kept: string }

/** Stores a value; `identity`: where to keep the identity of sealed items, if this is the first. */
export async function storeIn(store: Store, value: string, places: Places, identity?: IdentityPlace): Promise<void> {
  if ('sealed' in store) await (await import('../credentials/sealed.ts')).seal(store.sealed, value, places, identity)
  else if ('kept' in store) await (await import('../credentials/kept.ts')).writeKept(store.kept, value, places)
  else await (await import('../credentials/keychain.ts')).writeKeychain(store.keychain, value, places)
}

/** Removes what is stored; false when there was nothing. */
export async function removeFrom(store: Store, places: Places): Promise<boolean> {
  if ('sealed' in store) return (await import('../credentials/sealed.ts')).removeSealed(store.sealed, places)
  if ('kept' in store) return (await import('../credentials/kept.ts')).removeKept(store.kept, places)
  return (await import('../credentials/keychain.ts')).removeFromKeychain(store.keychain, places)
}

type Credentials = Pick<Config, 'credentials'>

/**
 * Finds out where the value goes that a command names by its credential or by its item.
 *
 * @param keychain whether the keychain was asked for
 * @throws Refusal invalid_input
 */
export function storeOf(name: string, keychain: boolean, config: Credentials | null): Store {
  const credential = config?.credentials.get(name)
  if (credential === undefined) return storeOfItem(name, keychain, config)
  const parts = partsOf(credential)
  const stored = parts.filter(({ source }) => isStore(source))
  const [only = parts[0]] = stored
  if (only === undefined) throw new Refusal('invalid_input', `${name} has no value that could be stored`)
  if (stored.length > 1) return storeAmongSeveral(name, keychain, stored)
  const { source } = only
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
  if (!isStore(source)) {
    throw new Refusal(
      'invalid_input',
      `${name} is read from ${describeSource(source)}, which is changed there; to keep it here, write { sealed: ${name} } in the configuration`,
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

function isStore(source: AnySource): source is Store {
  return 'sealed' in source || 'keychain' in source || 'kept' in source
}

function itemOf(store: Store): string {
  if ('kept' in store) return store.kept
  return 'sealed' in store ? store.sealed : store.keychain
}

/** A name that is no credential's is that of an item: of one that the configuration names, or of a new one. */
function storeOfItem(name: string, keychain: boolean, config: Credentials | null): Store {
  // The name is not repeated: it may be the secret, typed in the wrong place.
  if (!itemPattern.test(name)) throw new Refusal('invalid_input', itemRule)
  const named = [...(config?.credentials.values() ?? [])]
    .flatMap(sourcesOf)
    .filter(isStore)
    .filter(store => itemOf(store) === name)
  const onlyInKeychain = named.length > 0 && named.every(store => 'keychain' in store)
  return keychain || onlyInKeychain ? { keychain: name } : { sealed: name }
}

/** Of a credential with several items, one may bear its name; else it has to be said which is meant. */
function storeAmongSeveral(name: string, keychain: boolean, parts: readonly Part[]): Store {
  const stores = parts.map(part => part.source).filter(isStore)
  const meant = stores.find(store => itemOf(store) === name && (!keychain || 'keychain' in store))
  if (meant !== undefined) return meant
  const items = parts.map(({ key, source }) => `${isStore(source) ? itemOf(source) : ''} (its ${key})`)
  throw new Refusal('invalid_input', `${name} has several items, each with a name of its own: ${items.join(', ')}`)
}
