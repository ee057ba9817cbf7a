import type { Common, Frame } from './frame.ts'

/** Adds `keyhold selftest leaks`. */
export function addSelftestCommands({ program, command, json, world, write, done }: Frame): void {
  const selftest = program.command('selftest').description('Try the promises on this installation')
  command(
    selftest,
    'leaks',
    'Put made-up credentials through every tool, against an echo on this machine, and search for them everywhere',
    'keyhold selftest leaks --config keyhold.yaml',
  )
    .addOption(json)
    .action(async (options: Common) => {
      const { selftestLeaks } = await import('./selftest-leaks.ts')
      done(await selftestLeaks(world, options, write))
    })
}
