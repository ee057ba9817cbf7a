import type { Client } from 'pg'
import { connected, postgresGround } from '../security/db/postgres-ground.ts'
import { legitimate, legitimateWrites } from '../tools/db/postgres/legitimate.ts'
import { fixtureSql } from '../tools/db/postgres/fixture.ts'
import { password, unguessed } from '../security/db/layers.ts'
import type { Subject } from './fuzz.ts'
import { namesIn, short } from './mutate.ts'

/** Relations that statements of the scope may reach, the tables of its view included. */
const inside = new Set('orders customers people tickets notes events order_totals regions Bücher'.split(' '))

interface PlanNode {
  readonly 'Relation Name'?: string
  readonly Plans?: readonly PlanNode[]
}

/**
 * PostgreSQL, which says in two ways what a statement reaches: as the role of exactly the scope it refuses what is beyond,
 * and its plan names the relations. Then it is carried out with every right, and the answer searched.
 */
export async function postgresSubject(): Promise<Subject> {
  const ground = await postgresGround()
  const port = Number(new URL(ground.url).port)
  const agent = await connected(port, 'agent', password)
  await agent.query("SET statement_timeout = '300ms'")
  await agent.query('SET search_path = pg_catalog, pg_temp')
  return {
    name: 'PostgreSQL',
    material: {
      honest: short([...legitimate, ...legitimateWrites]),
      hostile: short(ground.attacks),
      names: namesIn(fixtureSql),
    },
    judge: ground.judge,
    async account(sql, text, parameters) {
      const values = Array.from({ length: parameters }, () => null)
      const plan = await inTransaction(agent, `EXPLAIN (FORMAT JSON) ${text}`, values)
      if (plan.denied) return 'the role of the scope may not do this'
      const beyond = relationsIn(plan.rows).filter(name => !inside.has(name))
      if (beyond.length > 0) return `reads ${beyond.join(', ')}`
      if (/generate_series|repeat|recursive|lpad|rpad/i.test(text)) return null // could take for ever
      const carriedOut = await inTransaction(agent, text, values)
      if (carriedOut.denied) return 'the role of the scope may not do this'
      const shown = unguessed(await ground.plainly(text, values), sql)
      return ground.shows(shown) ? `shows ${shown.slice(0, 300)}` : null
    },
    async close() {
      await agent.end()
      await ground.stop()
    },
  }
}

async function inTransaction(client: Client, text: string, values: readonly null[]) {
  await client.query('BEGIN')
  try {
    const { rows } = await client.query<Record<string, unknown>>({ text, values: [...values] })
    return { denied: false, rows }
  } catch (error) {
    return { denied: (error as { code?: string }).code === '42501', rows: [] }
  } finally {
    await client.query('ROLLBACK')
  }
}

function relationsIn(rows: readonly Record<string, unknown>[]): string[] {
  const plans = (rows[0]?.['QUERY PLAN'] ?? []) as readonly { readonly Plan: PlanNode }[]
  const below = (node: PlanNode): string[] => [
    ...(node['Relation Name'] === undefined ? [] : [node['Relation Name']]),
    ...(node.Plans ?? []).flatMap(below),
  ]
  return plans.flatMap(({ Plan }) => below(Plan))
}
