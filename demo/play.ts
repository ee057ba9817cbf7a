import { formsOf } from '../test/support/forms.ts'
import { type Home, keyholdCommand } from '../test/support/home.ts'
import { acts } from './acts.ts'
import { type Agent, startAgent } from './agent.ts'
import { type Api, startApi } from './api.ts'
import { verifyRecord } from './record.ts'
import { askDatabase, createDatabase } from './database.ts'
import type { Screen } from './screen.ts'
import { controls, processesFrom, type Searched, searchPlaces } from './search.ts'
import { Tally } from './tally.ts'

/** What the demo is played with: where it shows itself, an empty installation, and the key to look after. */
export interface Stage {
  readonly screen: Screen
  readonly home: Home
  readonly key: string
}

const perMinute = 8

/** Plays the whole demo; true when everything that it shows held. */
export async function play(stage: Stage): Promise<boolean> {
  const began = performance.now()
  const { screen, home, key } = stage
  const tally = new Tally()
  const api = await startApi(key)
  let agent: Agent | null = null
  try {
    const sealed = await setUp(stage, api)
    agent = await startAgent(home)
    const { tools } = await agent.client.listTools()
    screen.done('keyhold stdio', `offers the agent: ${tools.map(tool => tool.name).join(', ')}`)

    screen.header('THE AGENT ASKED', 'THE API SAW', 'THE AGENT GOT')
    for (const act of acts) {
      screen.waiting('calling')
      const { title, cells, claims } = await act({ api, agent, key, perMinute })
      screen.act(title, cells, tally.held(claims))
    }
    screen.waiting('asking the database')
    screen.header('THE AGENT ASKED A DATABASE', 'AND GOT')
    for (const { asked, got, claims } of await askDatabase(agent)) screen.row(tally.held(claims), asked, got)
    const processes = processesFrom(agent.pid)
    await agent.close()

    screen.waiting('verifying the record')
    const verified = await verifyRecord(home, agent.calls())
    screen.header('THE RECORD', 'KEYHOLD AUDIT VERIFY')
    for (const { about, said, claims } of verified) screen.row(tally.held(claims), about, said)

    screen.waiting('searching for the key')
    const printed = [sealed, ...verified.map(verification => verification.printed)]
    screen.header(`THE KEY, SEARCHED FOR IN ${Object.keys(formsOf(key)).length} FORMS`, 'FOUND')
    for (const searched of searchPlaces({ home, key, agent, processes, printed })) {
      screen.row(tally.held(nothingIn(searched)), searched.place, countOf(searched))
    }
    for (const { about, said, claims } of controls(api, key)) screen.row(tally.held(claims), about, said)
  } finally {
    screen.settled()
    await agent?.close()
    api.close()
  }
  conclude(screen, tally.broken, performance.now() - began)
  return tally.broken.length === 0
}

/** Seals the key and writes the configuration, as an admin would; gives back what was printed. */
async function setUp({ screen, home, key }: Stage, api: Api): Promise<string> {
  screen.line()
  screen.line({ text: 'Keyhold', tone: 'bold' }, ' gives agents capabilities, never keys.')
  screen.line()
  screen.line('An API runs here and opens to one key only. Made up for this run, it is')
  screen.line({ text: key, tone: 'key' })
  screen.line()
  home.writeConfig(configFor(api.url) + createDatabase(home.folder))
  screen.waiting('sealing the key')
  const { code, out, err } = await home.run(['credential', 'set', 'shop'], key)
  if (code !== 0) throw new Error(`keyhold credential set ended with ${code}: ${err}`)
  screen.done('keyhold credential set shop', out.trim())
  screen.waiting('starting keyhold stdio')
  return out + err
}

function configFor(url: string): string {
  return `version: 1
credentials:
  shop: { type: bearer, token: { sealed: shop } }
tools:
  shop:
    kind: http
    description: Orders of the shop
    base_url: ${url}
    credential: shop
    allow: [GET /orders, GET /orders/:id, GET /debug/*]
    limits: { rate: ${perMinute}/min }
`
}

function nothingIn({ place, bytes, found }: Searched) {
  return { [`there is something to search in ${place}`]: bytes > 0, [`the key is not in ${place}`]: found.length === 0 }
}

function countOf({ bytes, found }: Searched): string {
  const where = `${found.length} in ${bytes.toLocaleString('en-US')} bytes`
  return found.length === 0 ? where : `${where}: ${found.join(', ')}`
}

function conclude(screen: Screen, broken: readonly string[], tookMs: number): void {
  screen.line()
  if (broken.length > 0) {
    screen.line({ text: 'This did not hold:', tone: 'bad' })
    for (const claim of broken) screen.line({ text: `- ${claim}`, tone: 'bad' })
    return
  }
  screen.line({ text: 'All of it held', tone: 'good' }, `, in ${(tookMs / 1_000).toFixed(1)} s.`)
  screen.line('For an API of yours: write keyhold.yaml (see keyhold.example.yaml), seal its')
  screen.line('key, and register Keyhold in Claude Code:')
  screen.line()
  screen.line({ text: 'claude mcp add keyhold -- \\', tone: 'bold' })
  screen.line({ text: `  node ${keyholdCommand} stdio --config "$PWD/keyhold.yaml"`, tone: 'bold' })
  screen.line()
}
