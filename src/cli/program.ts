import { Command, CommanderError, Option } from 'commander'
import { ConfigError, formatProblem } from '../config/problem.ts'
import { Refusal, sentences } from '../refusal.ts'
import type { Common, Frame } from './frame.ts'
import { addAuditCommands } from './program-audit.ts'
import { addCredentialCommands } from './program-credential.ts'
import { addSelftestCommands } from './program-selftest.ts'
import { addToolCommands } from './program-tool.ts'
import type { World } from './world.ts'

/** The exit codes of every command: done; refused or failed; wrong usage or bad configuration. */
const exit = { done: 0, failed: 1, usage: 2 } as const

/**
 * Runs one command line.
 *
 * @returns the exit code
 */
export async function runProgram(world: World): Promise<number> {
  let code: number = exit.done
  const done = (result: number) => {
    code = result
  }
  const write = (text: string) => void world.output.write(text)
  const complain = (text: string) => void world.errorOutput.write(text)
  const program = buildProgram(world, done, write)
  try {
    await program.parseAsync([...world.argv], { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exit.done : exit.usage
    if (world.argv.includes('--json')) write(`${JSON.stringify(failureOf(error))}\n`)
    if (error instanceof ConfigError) {
      for (const problem of error.problems) complain(`${formatProblem(problem)}\n`)
      return exit.usage
    }
    if (error instanceof Refusal) {
      complain(`keyhold: ${error.message} [${error.code}]\n`)
      return error.code === 'invalid_input' ? exit.usage : exit.failed
    }
    complain(`keyhold: ${sentences.internal} (${(error as Error).message})\n`)
    return exit.failed
  }
}

function buildProgram(world: World, done: (code: number) => void, write: (text: string) => void): Command {
  const program = new Command('keyhold')
    .description('Give agents capabilities, never keys.')
    .version(world.version)
    .exitOverride()
    .configureOutput({
      writeOut: write,
      writeErr: text => void world.errorOutput.write(text),
      outputError: (text, print) => print(withoutValues(text)),
    })
    .showHelpAfterError('(--help shows how it is used)')

  const command = (parent: Command, name: string, description: string, example: string) =>
    parent
      .command(name)
      .description(description)
      .option('-c, --config <file>', 'the configuration file')
      .addHelpText('after', `\nExample:\n  $ ${example}`)
  const json = new Option('--json', 'print JSON for programs')

  command(program, 'stdio', 'Serve the one client that starts this process', 'claude mcp add keyhold -- keyhold stdio')
    .option('--agent <name>', 'which agent the client is', 'local')
    .addOption(logLevel())
    .action(async (options: Common & { agent: string; logLevel: string }) => {
      const [{ stdio }, { createLog }] = await Promise.all([import('./stdio.ts'), import('./log.ts')])
      done(await stdio(world, { config: options.config, agent: options.agent }, createLog(options.logLevel)))
    })

  command(program, 'serve', 'Serve agents over HTTP, each known by its token', 'keyhold serve --listen 127.0.0.1:7420')
    .option('--listen <host:port>', 'where to listen, instead of server.listen')
    .addOption(logLevel())
    .action(async (options: Common & { listen?: string; logLevel: string }) => {
      const [{ serve }, { createLog }] = await Promise.all([import('./serve.ts'), import('./log.ts')])
      done(await serve(world, { config: options.config, listen: options.listen }, createLog(options.logLevel)))
    })

  command(program, 'check', 'Check the configuration without starting anything', 'keyhold check --config keyhold.yaml')
    .addOption(json)
    .action(async (options: Common) => done(await (await import('./check.ts')).check(world, options, write)))

  command(program, 'doctor', 'Look for what is wrong with this installation, and say what to do', 'keyhold doctor')
    .addOption(json)
    .action(async (options: Common) => done(await (await import('./doctor.ts')).doctor(world, options, write)))

  const config = program.command('config').description('About the configuration file')
  command(
    config,
    'schema',
    'Print the JSON Schema of the configuration, for editors',
    'keyhold config schema > keyhold.schema.json',
  ).action(async () => done(await (await import('./config-schema.ts')).configSchemaCommand(world, write)))

  const agent = program.command('agent').description('About agents')
  command(agent, 'token', 'Make a token for an agent; it is printed once', 'keyhold agent token ci')
    .argument('<name>', 'the name of the agent')
    .addOption(json)
    .action(async (name: string, options: Common) =>
      done(await (await import('./agent-token.ts')).agentToken(world, name, options, write)),
    )

  const frame: Frame = { program, command, json, world, write, done }
  addToolCommands(frame)
  addCredentialCommands(frame)
  addAuditCommands(frame)
  addSelftestCommands(frame)
  return program
}

/** What was typed is not repeated: it may be a secret in the wrong place, and errors end up in logs. */
function withoutValues(text: string): string {
  return text
    .replace(
      /(too many arguments for '[a-z]+')[^]*/,
      '$1; a secret is never one of them, but asked for or read from standard input\n',
    )
    .replace(/(unknown option '--?[a-z-]+)[^']*'/, "$1'")
    .replace(/unknown command '(?![a-z]{1,20}')[^']*'/, 'unknown command')
}

/** For programs, a failure is an answer like any other. */
function failureOf(error: unknown): object {
  if (error instanceof ConfigError) return { ok: false, problems: error.problems }
  if (error instanceof Refusal) return { ok: false, code: error.code, message: error.message }
  return { ok: false, code: 'internal', message: sentences.internal }
}

function logLevel(): Option {
  return new Option('--log-level <level>', 'how much to log on standard error')
    .choices(['silent', 'error', 'warn', 'info', 'debug'])
    .default('warn')
}
