import { Option } from 'commander'
import type { LoadedConfig } from '../config/build.ts'
import type { Common, Frame } from './frame.ts'

type Keyed = Common & { readonly keychain: boolean }

/** Adds `keyhold credential set|login|list|show|test|rotate|remove`. */
export function addCredentialCommands({ program, command, json, world, write, done }: Frame): void {
  const credential = program.command('credential').description('Store, look at and try the secrets that tools use')
  const prepareWith = async (loaded: LoadedConfig | null, options: Common) => {
    const { auditFolder, derivedKeys, placesOf } = await import('./world.ts')
    return {
      places: placesOf(world),
      fingerprintKey: derivedKeys(world).fingerprint,
      clock: world.clock,
      config: loaded?.config ?? null,
      auditDir: auditFolder(world, loaded),
      write,
      json: options.json === true,
    }
  }
  const prepare = async (options: Common) => {
    const { loadIfPresent } = await import('./world.ts')
    return prepareWith(await loadIfPresent(world, options.config), options)
  }
  const prepareToTest = async (options: Common) => {
    const [{ loadFrom }, { runGate }] = await Promise.all([import('./world.ts'), import('./run-gate.ts')])
    const loaded = await loadFrom(world, options.config)
    const prepared = await prepareWith(loaded, options)
    const onProblem = (error: Error) => void world.errorOutput.write(`keyhold: ${error.message}\n`)
    return { ...prepared, loaded, openGate: () => runGate(world, loaded, { transport: 'command', onProblem }) }
  }
  const readSecret = async (prompt: string) =>
    (await import('./read-secret.ts')).readSecret(prompt, { input: world.input, output: world.errorOutput })
  const onInterrupt = (listener: () => void) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) world.onSignal(signal, listener)
  }
  const keychain = new Option('--keychain', 'its item is in the keychain of the system').default(false)

  command(
    credential,
    'set',
    'Store a value, read from the terminal without echo or from standard input',
    'keyhold credential set github',
  )
    .argument('<name>', 'the name of the credential')
    .option('--keychain', 'store it in the keychain of the system', false)
    .addOption(
      new Option('--identity <place>', 'where to keep the key of the sealed files, when this is the first').choices([
        'file',
        'keychain',
      ]),
    )
    .addOption(json)
    .action(async (name: string, options: Keyed & { identity?: 'file' | 'keychain' }) => {
      const [{ setCredential }, prepared] = await Promise.all([import('./credential-set.ts'), prepare(options)])
      const input = { name, keychain: options.keychain, identity: options.identity }
      await setCredential(input, { ...prepared, readSecret })
    })

  command(
    credential,
    'login',
    'Log in to an OAuth provider once, with a browser or another device, and keep the refresh token',
    'keyhold credential login calendar',
  )
    .argument('<name>', 'the name of a credential of type oauth2')
    .option('--device', 'log in on another device, with a code', false)
    .option('--port <port>', 'where the browser comes back to, for providers that want to know it beforehand')
    .option('--timeout <duration>', 'how long to wait for the person', '5m')
    .addOption(json)
    .action(async (name: string, options: Common & { device: boolean; port?: string; timeout: string }) => {
      const [{ logIn }, prepared] = await Promise.all([import('./credential-login.ts'), prepare(options)])
      const { device, port, timeout } = options
      const tell = (text: string) => void world.errorOutput.write(text)
      await logIn({ name, device, port, timeout }, { ...prepared, tell, onInterrupt })
    })

  command(
    credential,
    'list',
    'List credentials with source, age, last use and fingerprint; values are never shown',
    'keyhold credential list',
  )
    .addOption(json)
    .action(async (options: Common) => {
      const [{ listCredentials }, prepared] = await Promise.all([import('./credential-list.ts'), prepare(options)])
      await listCredentials(prepared)
    })

  command(
    credential,
    'show',
    'Show one credential: its values by source, who uses it, when it was last used',
    'keyhold credential show github',
  )
    .argument('<name>', 'the name of the credential')
    .addOption(json)
    .action(async (name: string, options: Common) => {
      const [{ showCredential }, prepared] = await Promise.all([import('./credential-list.ts'), prepare(options)])
      await showCredential(name, prepared)
    })

  command(
    credential,
    'test',
    'Try a credential with the harmless call that its tools declare, and explain a failure',
    'keyhold credential test github',
  )
    .argument('<name>', 'the name of the credential')
    .addOption(json)
    .action(async (name: string, options: Common) => {
      const [{ testCredential }, prepared] = await Promise.all([import('./credential-test.ts'), prepareToTest(options)])
      done(await testCredential(name, prepared))
    })

  command(
    credential,
    'rotate',
    'Replace a value, try the new one, and go back to the old one if it is not accepted',
    'keyhold credential rotate github',
  )
    .argument('<name>', 'the name of the credential or of its item')
    .addOption(keychain)
    .addOption(json)
    .action(async (name: string, options: Keyed) => {
      const [{ rotateCredential }, prepared] = await Promise.all([
        import('./credential-rotate.ts'),
        prepareToTest(options),
      ])
      const input = { name, keychain: options.keychain }
      done(await rotateCredential(input, { ...prepared, readSecret, onInterrupt }))
    })

  command(credential, 'remove', 'Remove a stored value', 'keyhold credential remove github')
    .argument('<name>', 'the name of the credential')
    .addOption(keychain)
    .addOption(json)
    .action(async (name: string, options: Keyed) => {
      const [{ removeCredential }, prepared] = await Promise.all([import('./credential-remove.ts'), prepare(options)])
      await removeCredential({ name, keychain: options.keychain }, prepared)
    })
}
