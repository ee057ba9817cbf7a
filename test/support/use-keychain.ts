import { setCredential } from '../../src/cli/credential-set.ts'
import { readKeychain, removeFromKeychain, writeKeychain } from '../../src/credentials/keychain.ts'
import { seal, unseal } from '../../src/credentials/sealed.ts'
import { Refusal } from '../../src/refusal.ts'

/*
 * Does one thing with the keychain and prints what came of it:
 *   node use-keychain.ts read|write|remove|set|seal|unseal ITEM [VALUE] [STATE_DIR]
 */
const [act = '', item = '', ...rest] = process.argv.slice(2)
const stateDir = act.endsWith('seal') ? (rest.pop() ?? '') : '/nowhere'
const places = { stateDir, home: '/nowhere', environment: process.env, platform: process.platform }
const acts: Record<string, () => Promise<unknown>> = {
  read: () => readKeychain(item, places),
  write: () => writeKeychain(item, rest[0] ?? '', places),
  remove: () => removeFromKeychain(item, places),
  set: async () => {
    let shown = ''
    const write = (text: string) => {
      shown += text
    }
    const command = { places, fingerprintKey: Buffer.from('key'), clock: Date.now, config: null, json: false, write }
    await setCredential({ name: item, keychain: true }, { ...command, readSecret: async () => rest[0] ?? '' })
    return shown
  },
  seal: () => seal(item, rest[0] ?? '', places, 'keychain'),
  unseal: () => unseal(item, places),
}
try {
  process.stdout.write(JSON.stringify({ value: (await acts[act]?.()) ?? null }))
} catch (error) {
  const { code, message } = error instanceof Refusal ? error : { code: 'not a refusal', message: String(error) }
  process.stdout.write(JSON.stringify({ code, detail: message }))
}
