import { InvalidArgumentError, Option } from 'commander'
import { Duration } from '../units.ts'
import { Refusal } from '../refusal.ts'
import type { Common, Frame } from './frame.ts'

/** Adds `keyhold audit tail|show|verify`. */
export function addAuditCommands({ program, command, json, world, write, done }: Frame): void {
  const audit = program.command('audit').description('Read and verify the record of every attempt')
  const prepare = async (options: Common) => {
    const [{ auditFolder, derivedKeys, loadIfPresent }, commands] = await Promise.all([
      import('./world.ts'),
      import('./audit.ts'),
    ])
    const loaded = await loadIfPresent(world, options.config)
    return {
      dir: auditFolder(world, loaded),
      sealKey: derivedKeys(world).seal,
      commands,
      json: options.json === true,
      write,
    }
  }
  command(audit, 'tail', 'Show the newest records', 'keyhold audit tail --follow')
    .option('-n, --lines <count>', 'how many', count, 20)
    .option('-f, --follow', 'go on showing records as they are written', false)
    .addOption(json)
    .action(async (options: Common & { lines: number; follow: boolean }) => {
      const { commands, sealKey: _sealKey, ...context } = await prepare(options)
      const stop = new AbortController()
      world.onSignal('SIGINT', () => stop.abort())
      done(
        await commands.auditTail({
          ...context,
          lines: options.lines,
          follow: options.follow,
          signal: stop.signal,
          clock: world.clock,
        }),
      )
    })
  command(
    audit,
    'show',
    'Show one call in full, or the calls that match',
    'keyhold audit show --agent ci --outcome refused',
  )
    .argument('[call]', 'the id of one call')
    .option('--agent <name>', 'only calls of this agent')
    .option('--tool <name>', 'only calls of this tool or MCP tool')
    .option('--since <time>', 'only calls since this time (RFC 3339, or a duration such as 1h)')
    .addOption(
      new Option('--outcome <outcome>', 'only calls that ended so').choices(['ok', 'refused', 'failed', 'unknown']),
    )
    .addOption(json)
    .action(
      async (
        call: string | undefined,
        options: Common & {
          agent?: string
          tool?: string
          since?: string
          outcome?: 'ok' | 'refused' | 'failed' | 'unknown'
        },
      ) => {
        const { commands, sealKey: _sealKey, ...context } = await prepare(options)
        const { agent, tool, since, outcome } = options
        const filter = {
          call,
          agent,
          tool,
          since: since === undefined ? undefined : instant(since, world.clock()),
          outcome,
        }
        const given = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined))
        done(await commands.auditShow({ ...context, ...given, clock: world.clock }))
      },
    )
  command(audit, 'verify', 'Prove that no line was changed, removed, reordered or cut', 'keyhold audit verify')
    .addOption(json)
    .action(async (options: Common) => {
      const { commands, ...context } = await prepare(options)
      done(await commands.auditVerify(context))
    })
}

/** A point in time: RFC 3339, or a duration back from now. */
function instant(text: string, nowMs: number): number {
  const back = Duration.safeParse(text)
  const at = back.success ? nowMs - back.data : Date.parse(text)
  if (Number.isNaN(at)) throw new Refusal('invalid_input', `${JSON.stringify(text)} is not a time`)
  return at
}

function count(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError(`${JSON.stringify(text)} is not a number`)
  return Number(text)
}
