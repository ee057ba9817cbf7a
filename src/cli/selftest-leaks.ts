import { readFile } from 'node:fs/promises'
import { parse } from 'yaml'
import { places, type Searched, searchTool, type Written } from './search-tool.ts'
import { table } from './table.ts'
import { loadFrom, type World } from './world.ts'

/**
 * `keyhold selftest leaks`: puts made-up credentials through every configured tool, against an echo on this machine that gives
 * them back in every encoding, and searches everything that can be seen. No real credential is read and no API called.
 * Returns the exit code: 1 when something leaks, or when a credential did not reach the echo.
 */
export async function selftestLeaks(
  world: World,
  options: { readonly config?: string; readonly json?: boolean },
  write: (text: string) => void,
): Promise<number> {
  const { config } = await loadFrom(world, options.config)
  const written = parse(await readFile(config.file, 'utf8')) as Written
  const results: Searched[] = []
  for (const [index, tool] of config.tools.entries()) {
    if (world.errorOutput.isTTY)
      world.errorOutput.write(`searching ${tool.name} (${index + 1} of ${config.tools.length})\n`)
    const credential = tool.credential === null ? undefined : config.credentials.get(tool.credential)
    results.push(await searchTool(world, tool, credential, written))
  }
  const ok = results.every(isClean)
  write(options.json === true ? `${JSON.stringify({ ok, tools: results }, null, 2)}\n` : reportOf(results, ok))
  return ok ? 0 : 1
}

/** What the echo did not give back in every way was not searched for in every way. */
function isClean({ credential, shown, ways, leaks, skipped }: Searched): boolean {
  return credential === null || skipped !== null || (leaks.length === 0 && shown === ways)
}

function reportOf(results: readonly Searched[], ok: boolean): string {
  const header = ['TOOL', 'KIND', 'CREDENTIAL', 'CALLS', 'GIVEN BACK', ...places.map(place => place.toUpperCase())]
  const leaks = results.flatMap(({ tool, leaks: found }) =>
    found.map(({ place, way, encodings }) => `LEAK: ${tool}: ${place}: as ${encodings.join(', ')} (echo: ${way})\n`),
  )
  return [table([header, ...results.map(cellsOf)]), ...leaks, verdict(results, ok)].join('')
}

function cellsOf(result: Searched): string[] {
  const { tool, kind, credential, calls, shown, ways, skipped } = result
  if (skipped !== null) return [tool, kind, credential ?? 'none', 'not searched', skipped]
  if (credential === null) return [tool, kind, 'none', '-', '-', ...places.map(() => '-')]
  const found = (place: string) => (result.leaks.some(leak => leak.place === place) ? 'LEAK' : 'clean')
  return [tool, kind, credential, String(calls), `${shown} of ${ways}`, ...places.map(found)]
}

function verdict(results: readonly Searched[], ok: boolean): string {
  if (results.length === 0) return 'There are no tools to search.\n'
  const calls = results.reduce((sum, result) => sum + result.calls, 0)
  const skipped = results.filter(result => result.skipped !== null).length
  const left = skipped === 0 ? '' : ` ${skipped} of ${results.length} tools were not searched.`
  if (ok) return `Nothing leaked in ${calls} calls.${left}\n`
  const unproven = results.filter(result => !isClean(result) && result.leaks.length === 0).map(({ tool }) => tool)
  const note = unproven.length === 0 ? '' : ` The echo did not see the credential in every way: ${unproven.join(', ')}.`
  return `NOT CLEAN.${note}\n`
}
