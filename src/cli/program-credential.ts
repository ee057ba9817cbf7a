import { Option } from 'commander'
import type { Common, Frame } from './frame.ts'

/** Adds `keyhold credential set|list|remove`. */
export function addCredentialCommands({ program, command, json, world, write }: Frame): void {
  const credential = program.command('credential').description('Store and list the secrets that tools use')
  const prepare = async (options: Common) => {
    const [{ derivedKeys, loadIfPresent, placesOf }, commands] = await Promise.all([
      import('./world.ts'),
      import('./credential.ts'),
    ])
    const loaded = await loadIfPresent(world, options.config)
    const { fingerprint } = derivedKeys(world)
    const context = {
      places: placesOf(world),
      fingerprintKey: fingerprint,
      config: loaded?.config ?? null,
      write,
      json: options.json === true,
    }
    return { commands, context }
  }
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
    .action(async (name: string, options: Common & { keychain: boolean; identity?: 'file' | 'keychain' }) => {
      const [{ commands, context }, { readSecret }] = await Promise.all([prepare(options), import('./read-secret.ts')])
      await commands.setCredential(
        { name, keychain: options.keychain, identity: options.identity },
        { ...context, readSecret: prompt => readSecret(prompt, { input: world.input, output: world.errorOutput }) },
      )
    })
  command(
    credential,
    'list',
    'List credentials by name and fingerprint; values are never shown',
    'keyhold credential list',
  )
    .addOption(json)
    .action(async (options: Common) => {
      const { commands, context } = await prepare(options)
      await commands.listCredentials(context)
    })
  command(credential, 'remove', 'Remove a stored value', 'keyhold credential remove github')
    .argument('<name>', 'the name of the credential')
    .option('--keychain', 'remove it from the keychain of the system', false)
    .addOption(json)
    .action(async (name: string, options: Common & { keychain: boolean }) => {
      const { commands, context } = await prepare(options)
      await commands.removeCredential({ name, keychain: options.keychain }, context)
    })
}
