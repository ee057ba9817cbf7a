import { type RefusalCode, type RefusalFields, sentences } from '../refusal.ts'

/** What a call gives back to the transport; it says nothing that did not pass the one door out. */
export type Answer =
  | {
      readonly type: 'result'
      readonly value: Readonly<Record<string, unknown>>
      /** What is no text, beside the value. */
      readonly media: readonly { readonly type: string; readonly base64: string }[]
      readonly isError: boolean
    }
  | { readonly type: 'refusal'; readonly refusal: RefusalAnswer }
  | { readonly type: 'unknown_tool' }

/** A refusal as an agent receives it: complete by itself, as structure and as text. */
export interface RefusalAnswer extends RefusalFields {
  readonly code: RefusalCode
  readonly message: string
  /** Under which the record can be found; null when not even a record could be written. */
  readonly call_id: string | null
}

/** Builds the answer to a refused call from the code's fixed sentence and the known-safe fields. */
export function refusalAnswer(code: RefusalCode, fields: RefusalFields, callId: string | null): RefusalAnswer {
  return { code, message: sentences[code], call_id: callId, ...fields }
}

/** `<fixed sentence> [code]`, then what helps, a line each. */
export function refusalText(answer: RefusalAnswer): string {
  const lines = [`${answer.message} [${answer.code}]`]
  if (answer.retry_after_ms !== undefined) lines.push(`Retry after ${answer.retry_after_ms} ms.`)
  if (answer.problems !== undefined && answer.problems.length > 0)
    lines.push(...answer.problems.map(problem => `- ${problem}`))
  if (answer.allowed !== undefined) lines.push('Allowed:', ...answer.allowed.map(entry => `- ${entry}`))
  if (answer.call_id !== null) lines.push(`Call id: ${answer.call_id}`)
  return lines.join('\n')
}
