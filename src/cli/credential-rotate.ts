import { announceChange } from '../credentials/changes.ts'
import { fingerprintOf } from '../credentials/fingerprint.ts'
import { readSource } from '../credentials/read-source.ts'
import { describeSource } from '../credentials/source.ts'
import { Refusal } from '../refusal.ts'
import { usersOf, writeJson } from './credential-command.ts'
import { valueProblem } from './credential-set.ts'
import { type Store, storeIn, storeOf } from './credential-store.ts'
import { lineOf, type TestCommand, type Trial, tryCredential } from './credential-test.ts'

/**
 * Replaces a stored value, tries the new one, and puts the old one back if it is not accepted. Running gates hear of either.
 * Returns the exit code.
 *
 * @param input `keychain`: the item of a name that the configuration does not know is in the keychain
 * @throws Refusal invalid_input when the name or the value cannot be used, else credential_unavailable
 */
export async function rotateCredential(
  input: { readonly name: string; readonly keychain: boolean },
  command: TestCommand & {
    readonly readSecret: (prompt: string) => Promise<string>
    /** Calls back when somebody ends the command. */
    readonly onInterrupt: (listener: () => void) => void
  },
): Promise<number> {
  const { places, loaded, fingerprintKey } = command
  const store = storeOf(input.name, input.keychain, loaded.config)
  if ('kept' in store) {
    // A provider may have replaced it meanwhile, and an old one that comes again has everything revoked.
    throw new Refusal('invalid_input', `${input.name} is replaced by keyhold itself; use keyhold credential login`)
  }
  const before = await readSource(store, places).catch((error: unknown) => {
    const reason = error instanceof Refusal ? error.message : 'it cannot be read'
    throw new Refusal('invalid_input', `there is no old value to go back to (${reason}); use keyhold credential set`)
  })
  const value = await command.readSecret(`New value of ${input.name} (it is not shown): `)
  const problem = value === before ? 'is the old one' : valueProblem(value, store, loaded.config)
  if (problem !== null) throw new Refusal('invalid_input', `the value ${problem}; nothing was changed`)

  const ending = new AbortController()
  command.onInterrupt(() => ending.abort())
  const trials = await tried({ name: input.name, store, value, signal: ending.signal }, command)
  const ok = trials.every(trial => trial.ok) && !ending.signal.aborted
  if (!ok) await goBack(store, before, command)
  const fingerprints = { old: fingerprintOf(fingerprintKey, before), new: fingerprintOf(fingerprintKey, value) }
  report({ name: input.name, store, ok, interrupted: ending.signal.aborted, trials, fingerprints }, command)
  return ok ? 0 : 1
}

async function replace(store: Store, value: string, command: TestCommand): Promise<void> {
  await storeIn(store, value, command.places)
  announceChange(command.places.stateDir, new Date(command.clock()))
}

/** @throws Refusal credential_unavailable, which says that it is the new value that is stored */
async function goBack(store: Store, before: string, command: TestCommand): Promise<void> {
  try {
    await replace(store, before, command)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    const detail = `the NEW value of ${describeSource(store)} is stored, although it was not accepted: the old one could not be put back (${why}); set it with keyhold credential set`
    throw new Refusal('credential_unavailable', detail, { cause })
  }
}

interface Trying {
  readonly name: string
  readonly store: Store
  readonly value: string
  readonly signal: AbortSignal
}

/** Stores the new value and tries every credential of the configuration that reads it; whatever goes wrong, there is a way back. */
async function tried({ name, store, value, signal }: Trying, command: TestCommand): Promise<readonly Trial[]> {
  const users = usersOf(store, command.loaded.config).map(user => user.credential)
  try {
    await replace(store, value, command)
    return (await Promise.all(users.map(user => tryCredential(user, command, signal)))).flat()
  } catch (error) {
    const explanation = error instanceof Error ? error.message : String(error)
    return [{ tool: null, call: name, ok: false, status: null, explanation }]
  }
}

interface Rotated {
  readonly name: string
  readonly store: Store
  readonly ok: boolean
  readonly interrupted: boolean
  readonly trials: readonly Trial[]
  readonly fingerprints: { readonly old: string; readonly new: string }
}

function report({ name, store, ok, interrupted, trials, fingerprints }: Rotated, command: TestCommand): void {
  if (command.json) {
    const source = describeSource(store)
    return writeJson(command, { name, source, ok, interrupted, rolled_back: !ok, fingerprints, trials })
  }
  for (const trial of trials) command.write(lineOf(name, trial))
  if (interrupted) command.write('interrupted\n')
  if (trials.length === 0)
    command.write(`nothing in the configuration uses ${describeSource(store)}, so nothing was tried\n`)
  command.write(
    ok
      ? `${name} is replaced: ${describeSource(store)}, fingerprint ${fingerprints.old} -> ${fingerprints.new}. Revoke the old value where it was made.\n`
      : `${name} has its old value again: ${describeSource(store)}, fingerprint ${fingerprints.old}\n`,
  )
}
