import * as z from 'zod'

/** What a worker carries out; the gate has judged it. */
export const DbRequest = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('query'),
    action: z.enum(['SELECT', 'INSERT', 'UPDATE', 'DELETE']),
    /** Made by a judge. */
    text: z.string(),
    /** What a preview carries out instead, where there is such a text. */
    sampled: z.string().nullable(),
    params: z.array(z.json()),
    /** Has it carried out and undone, to show a person what it would change. */
    preview: z.boolean(),
    /** How many rows it must change, as a person has seen; null when nobody was asked. */
    expected: z.int().nullable(),
  }),
  z.strictObject({ type: z.literal('describe') }),
  /** Looks at what the role may do; answers with `findings`. */
  z.strictObject({ type: z.literal('inspect') }),
])

export type DbRequest = z.output<typeof DbRequest>
export type QueryRequest = Extract<DbRequest, { type: 'query' }>

/** How many rows of those that it would change a preview shows. */
const previewRows = 10

/** The text that a request has carried out. */
export function sentText({ preview, sampled, text }: QueryRequest): string {
  return preview ? (sampled ?? text) : text
}

/** How many rows the answer to a request can have. */
export function shownRows({ preview }: QueryRequest, maxRows: number): number {
  return preview ? Math.min(previewRows, maxRows) : maxRows
}
