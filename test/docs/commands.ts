import type { Home } from '../support/home.ts'

/** One command of the program, with what its help says. */
export interface Command {
  /** `credential set` */
  readonly name: string
  readonly help: string
}

/** Asks the program for all of its commands, group by group. */
export async function commandsOf(home: Home, group: readonly string[] = []): Promise<readonly Command[]> {
  const { out } = await home.run([...group, '--help'])
  const [, list] = out.split('\nCommands:\n')
  if (list === undefined) return [{ name: group.join(' '), help: out }]
  const names = [...list.matchAll(/^ {2}([a-z]+)/gm)].map(match => match[1] as string).filter(name => name !== 'help')
  return (await Promise.all(names.map(name => commandsOf(home, [...group, name])))).flat()
}

/** The arguments of every `keyhold` that a shell line of a document starts. */
export function keyholdCalls(line: string): readonly (readonly string[])[] {
  const [command = ''] = line.split(/ > /)
  return command.split(/ (?:\||&&) /).flatMap(part => {
    const [, rest] =
      /^(?:npx )?keyhold (.*)$/.exec(part.trim()) ?? /-- node "\$PWD\/bin\/keyhold\.js" (.*)$/.exec(part) ?? []
    return rest === undefined ? [] : [rest.split(/ +/)]
  })
}
