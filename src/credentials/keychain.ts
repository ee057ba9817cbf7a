import { randomBytes } from 'node:crypto'
import { Refusal } from '../refusal.ts'
import type { Places } from './places.ts'

/** Under which name everything of ours is kept in the keychain of the system. */
const service = 'keyhold'

/**
 * Reads an item of the keychain of the system. A locked keychain asks its person for at most 25 seconds,
 * a dead one is given up after two; both limits are the library's.
 */
export async function readKeychain(item: string, places: Places): Promise<string> {
  const value = await withEntry(item, places, entry => entry.getPassword())
  if (value === null || value === '') {
    throw new Refusal('credential_unavailable', `the keychain has no item ${item} of ${service}`)
  }
  return value
}

/** Tells whether the keychain has an item; throws when the keychain cannot be asked. */
export async function isInKeychain(item: string, places: Places): Promise<boolean> {
  return (await withEntry(item, places, entry => entry.getPassword())) !== null
}

/** Puts an item into the keychain, after a trial with a worthless one has shown that it keeps what it is given. */
export async function writeKeychain(item: string, value: string, places: Places): Promise<void> {
  await tryOut(places)
  await withEntry(item, places, entry => entry.setPassword(value))
}

/** Removes an item; false when there was none. */
export async function removeFromKeychain(item: string, places: Places): Promise<boolean> {
  return withEntry(item, places, entry => entry.deleteCredential())
}

async function tryOut(places: Places): Promise<void> {
  const item = `trial-${randomBytes(8).toString('hex')}`
  const value = randomBytes(16).toString('hex')
  await withEntry(item, places, entry => entry.setPassword(value))
  try {
    if ((await readKeychain(item, places)) !== value) {
      throw new Refusal('credential_unavailable', 'the keychain does not give back what it was given')
    }
  } finally {
    await removeFromKeychain(item, places)
  }
}

type Entry = import('@napi-rs/keyring').AsyncEntry

async function withEntry<T>(item: string, places: Places, act: (entry: Entry) => Promise<T>): Promise<T> {
  if (places.platform === 'linux' && !hasSessionBus(places)) {
    throw new Refusal(
      'credential_unavailable',
      'the keychain needs a D-Bus session, and DBUS_SESSION_BUS_ADDRESS is not set; a machine without a desktop can use a sealed item',
    )
  }
  try {
    const { AsyncEntry } = await import('@napi-rs/keyring')
    // Left to itself, the library falls back to the kernel's keyring when there is no Secret Service:
    // writing then succeeds, and the next login session or the next boot finds nothing.
    return await act(new AsyncEntry(service, item, { linux: { store: 'secret-service' } }))
  } catch (cause) {
    throw new Refusal('credential_unavailable', whyKeychainFailed(cause), { cause })
  }
}

function hasSessionBus(places: Places): boolean {
  return Boolean(places.environment['DBUS_SESSION_BUS_ADDRESS'] || places.environment['XDG_RUNTIME_DIR'])
}

/** The library has one error code for everything; its messages are known by their words. */
function whyKeychainFailed(error: unknown): string {
  const message = error instanceof Error ? error.message : ''
  if (/prompt was dismissed|\blocked\b/i.test(message)) {
    return 'the keychain is locked, and nobody unlocked it; unlock it (on a desktop: log in or open its password manager) and try again'
  }
  if (/ServiceUnknown|not provided by any|Failed to connect|autolaunch|reply|DBus error/i.test(message)) {
    return 'the Secret Service does not answer on the D-Bus session; start gnome-keyring, KWallet or KeePassXC, or use a sealed item'
  }
  if (/native binding|ERR_DLOPEN|cannot find module/i.test(message)) return 'the keychain add-on cannot be loaded here'
  return 'the keychain refused'
}
