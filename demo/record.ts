import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Home } from '../test/support/home.ts'
import type { Claims } from './tally.ts'

/** What `keyhold audit verify` said of a log. */
export interface Verified {
  readonly about: string
  readonly said: string
  readonly claims: Claims
  /** All that was printed. */
  readonly printed: string
}

/** Verifies the record of the calls that were made, and a copy of it in which a refusal was turned into a success. */
export async function verifyRecord(home: Home, calls: number): Promise<readonly Verified[]> {
  const closed = home.auditLines().filter(line => line.event === 'call.closed')
  const refused = closed.filter(line => line['outcome'] === 'refused')
  const clean = await home.run(['audit', 'verify'])
  const forged = forgedCopy(home)
  const found = await home.run(['audit', 'verify', '--config', forged.config])
  const finding = found.out.split('\n').find(line => line.includes(`.jsonl:${forged.line}: `))
  return [
    {
      about: `the record of ${closed.length} calls, ${refused.length} of them refused`,
      said: lastLine(clean.out),
      printed: clean.out + clean.err,
      claims: {
        'every call is on record': closed.length === calls,
        'the record verifies': clean.code === 0 && clean.out.includes('OK: 1 chain'),
      },
    },
    {
      about: `a copy with one refusal rewritten, in line ${forged.line}`,
      said: finding?.replace(/^.*\.jsonl:/, 'line ') ?? lastLine(found.out),
      printed: found.out + found.err,
      claims: { 'the rewritten line is found and named': found.code === 1 && finding?.includes('changed') === true },
    },
  ]
}

/** Copies the log and makes the first refusal in it a success, as somebody with something to hide would. */
function forgedCopy(home: Home): { readonly config: string; readonly line: number } {
  const dir = join(home.folder, 'forged')
  cpSync(home.auditDir, dir, { recursive: true })
  const chain = join(dir, readdirSync(dir).find(name => name.endsWith('.jsonl')) ?? '')
  const lines = readFileSync(chain, 'utf8').split('\n')
  const index = lines.findIndex(line => line.includes('"outcome":"refused"'))
  lines[index] = lines[index]?.replace('"outcome":"refused"', '"outcome":"ok"') ?? ''
  writeFileSync(chain, lines.join('\n'))
  const config = join(home.folder, 'forged.yaml')
  writeFileSync(config, `${readFileSync(join(home.folder, 'keyhold.yaml'), 'utf8')}audit: { dir: ${dir} }\n`)
  return { config, line: index + 1 }
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? ''
}
