import { presetParameters } from '../presets/parameters.ts'
import type { Common, Frame } from './frame.ts'
import type { ToolAddOptions } from './tool-add.ts'
import type { ToolImportOptions } from './tool-import.ts'

/** Adds `keyhold tool list|check|provision|add|import` and `keyhold preset list|show`. */
export function addToolCommands({ program, command, json, world, write, done }: Frame): void {
  const tool = program.command('tool').description('About the configured tools')
  command(tool, 'list', 'List the MCP tools that the configuration offers', 'keyhold tool list')
    .addOption(json)
    .action(async (options: Common) => done(await (await import('./tool-list.ts')).toolList(world, options, write)))

  command(
    tool,
    'check',
    'Look at what the credential of a tool may do at its database, and say where that is more than the scope',
    'keyhold tool check orders',
  )
    .argument('<name>', 'the name of the tool')
    .addOption(json)
    .action(async (name: string, options: Common) =>
      done(await (await import('./tool-check.ts')).toolCheck(world, name, options, write)),
    )
  command(
    tool,
    'provision',
    'Print the SQL that makes a role with exactly the rights of a tool of kind db; nothing is run',
    'keyhold tool provision orders',
  )
    .argument('<name>', 'the name of the tool')
    .addOption(json)
    .action(async (name: string, options: Common) =>
      done(await (await import('./tool-provision.ts')).toolProvision(world, name, options, write)),
    )

  const add = command(
    tool,
    'add',
    'Write a tool for a common API into the configuration',
    'keyhold tool add github --preset github --repo acme/shop',
  )
    .argument('<name>', 'the name of the tool')
    .requiredOption('--preset <preset>', 'which API; `keyhold preset list` shows them')
    .option('--credential <name>', 'the credential that it uses, instead of one named after the preset')
    .option('--only <operations>', 'only these of its operations, separated by commas')
    .option('--replace', 'replace a tool that is there already', false)
    .option('--dry-run', 'show what would be written, and write nothing', false)
    .addOption(json)
  for (const [name, description] of Object.entries(presetParameters)) add.option(`--${name} <${name}>`, description)
  add.action(async (name: string, options: ToolAddOptions) =>
    done(await (await import('./tool-add.ts')).toolAdd(world, name, options, write)),
  )

  const importing = tool.command('import').description('Write operations from a description of an API')
  command(
    importing,
    'openapi',
    'Write chosen operations of an OpenAPI 3 document into the configuration',
    'keyhold tool import openapi shop.yaml --tool shop --only listOrders,getOrder',
  )
    .argument('<file>', 'the document, JSON or YAML')
    .requiredOption('--tool <name>', 'the tool that they become operations of')
    .option('--only <ids>', 'these operations, separated by commas; each an id, METHOD /path, or NAME=ID to name it')
    .option('--tag <tag>', 'the operations with this tag')
    .option('--server <url>', 'the server, where the document names several or none')
    .option('--credential <name>', 'the credential of the tool, where it has none')
    .option('--dry-run', 'show what would be written, and write nothing', false)
    .option('-y, --yes', 'write changes to operations that were imported before', false)
    .addOption(json)
    .action(async (file: string, options: ToolImportOptions) =>
      done(await (await import('./tool-import.ts')).toolImportOpenapi(world, file, options, write)),
    )

  const preset = program.command('preset').description('About the presets for common APIs')
  command(preset, 'list', 'List the APIs for which there is a preset', 'keyhold preset list')
    .addOption(json)
    .action(async (options: Common) => done(await (await import('./preset.ts')).presetList(world, options, write)))
  command(preset, 'show', 'Show what a preset needs, offers and guards against', 'keyhold preset show github')
    .argument('<name>', 'the name of the preset')
    .addOption(json)
    .action(async (name: string, options: Common) =>
      done(await (await import('./preset.ts')).presetShow(world, name, options, write)),
    )
}
