import type { Access, Json, Operation, Plan } from '../../src/kind.ts'
import { type Action, type Judged, OutOfScope } from './judge.ts'
import type { QueryRequest } from './request.ts'

/**
 * The plan of a statement that the judge let through.
 *
 * @param preview whether it is only shown what a write would change
 */
export function judgedPlan(judged: Judged, params: readonly Json[], by: string, preview = false): Plan {
  const request: QueryRequest = {
    type: 'query',
    action: judged.action,
    text: judged.text,
    sampled: judged.sampled,
    params: [...params] as QueryRequest['params'],
    preview,
    expected: null,
  }
  const operation = preview ? previewOf(judged) : operationOf(judged)
  return { operation, scope: { allowed: true, by }, request }
}

/** The plan of a statement that the scope does not allow. What it would have done is not looked into any further. */
export function refusedPlan(sql: string, error: OutOfScope): Plan {
  const action = /^\s*([a-z]{1,20})/i.exec(sql)?.[1]?.toUpperCase() ?? 'SQL'
  const operation: Operation = {
    action,
    resource: '',
    access: 'write',
    summary: `${action} outside of the scope`,
    idempotent: false,
  }
  const { message, allowed } = error
  const fields = { problems: [message], ...(allowed.length === 0 ? {} : { allowed }) }
  return { operation, scope: { allowed: false, reason: message, fields }, request: null }
}

/** What a judged statement does. */
export function operationOf({ action, touches }: Pick<Judged, 'action' | 'touches'>): Operation {
  const access: Access = action === 'SELECT' ? 'read' : 'write'
  const resource = [...new Set(touches.map(touch => touch.resource))].join(', ')
  return {
    action,
    resource,
    access,
    summary: resource === '' ? `${action} without a table` : `${action} ${writtenAndRead(action, touches)}`,
    // A write in one transaction either happened or did not, but whether it did is not known without an answer.
    idempotent: access === 'read',
    touches,
  }
}

/** What the preview of a write does: it locks, and triggers run, so it is a write; and it shows rows, so it reads them. */
function previewOf({ action, touches, sampled }: Judged): Operation {
  const shown = sampled === null ? [] : touches.filter(({ access }) => access === 'write')
  const unread = shown.filter(
    ({ resource }) => !touches.some(touch => touch.access === 'read' && touch.resource === resource),
  )
  const all = [...touches, ...unread.map(({ resource }) => ({ access: 'read' as const, resource }))]
  const { summary } = operationOf({ action, touches })
  return { ...operationOf({ action, touches: all }), summary: `preview of ${summary}` }
}

function writtenAndRead(action: Action, touches: Judged['touches']): string {
  const named = (access: Access) => touches.filter(touch => touch.access === access).map(touch => touch.resource)
  const [written, read] = [named('write').join(', '), named('read').join(', ')]
  if (action === 'SELECT') return `from ${read}`
  return read === '' || read === written ? written : `${written} with ${read}`
}
