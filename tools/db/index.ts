import { defineKind, type Executor, type Limits, type Verb } from '../../src/kind.ts'
import type { JudgeMaker } from './judge.ts'
import type { EngineName } from './location.ts'
import { describeVerb } from './describe-verb.ts'
import { inspection } from './inspection.ts'
import { queryVerb } from './query-verb.ts'
import { remembered } from './remembered.ts'
import { scopeOf } from './scope.ts'
import { specifier } from './specifier.ts'
import { statementVerb } from './statement-verb.ts'
import { DbLimits, DbTarget, located, locationOf, otherCredentials, targetProblem } from './target.ts'

/** Each loads the parser of one system: it costs start-up time and memory. */
export const judges: Readonly<Record<EngineName, JudgeMaker>> = {
  postgres: async scope => (await import('./postgres/judge.ts')).judgePostgres(scope),
  mysql: async scope => (await import('./mysql/judge.ts')).judgeMysql(scope),
  sqlite: async scope => (await import('./sqlite/judge.ts')).judgeSqlite(scope),
}

const engines: Readonly<Record<EngineName, (target: DbTarget, limits: Limits) => Promise<Executor>>> = {
  postgres: async (target, limits) => (await import('./postgres/open.ts')).openPostgres(target, limits),
  mysql: async (target, limits) => (await import('./mysql/open.ts')).openMysql(target, limits),
  sqlite: async (target, limits) => (await import('./sqlite/open.ts')).openSqlite(target, limits),
}

/** Queries to one database. */
export const db = defineKind({
  name: 'db',
  target: DbTarget,
  limits: DbLimits,
  located,
  targetProblem,
  credentials: ['password'],
  permissions: target => {
    const isFile = locationOf(target).engine === 'sqlite'
    return { network: !isFile, children: false, sqlite: isFile }
  },
  otherCredentials,
  files,
  neededRights: () => ({ repositories: null, permissions: null }),
  test: () => ({
    operation: {
      action: 'INSPECT',
      resource: '',
      access: 'read',
      summary: 'log in, and look at the role',
      idempotent: true,
    },
    request: { type: 'inspect' },
  }),
  echo: null,
  inspection,
  verbs,
  specifier,
  start: (target, limits) => engines[locationOf(target).engine](target, limits),
})

async function verbs(target: DbTarget, limits: Limits): Promise<readonly Verb[]> {
  const scope = scopeOf(target)
  const judge = remembered(await judges[scope.engine](scope))
  const statements = Object.entries(target.statements ?? {})
  const compile = statements.length === 0 ? null : await (await import('../../src/schema/check.ts')).schemaCompiler()
  return [
    ...(target.query ? [queryVerb(scope, judge, limits)] : []),
    describeVerb(scope),
    ...(compile === null ? [] : statements.map(([name, entry]) => statementVerb(name, entry, judge, compile, limits))),
  ]
}

function files(target: DbTarget) {
  const location = locationOf(target)
  return [
    ...(location.engine === 'sqlite' ? [{ path: ['url'], file: location.file }] : []),
    ...(target.tls.ca === undefined ? [] : [{ path: ['tls', 'ca'], file: target.tls.ca }]),
  ]
}
