import * as z from 'zod'
import { refineWith } from '../../src/refine-with.ts'
import type { JsonObject } from '../../src/kind.ts'
import { fieldName, fieldValue, reservedHeaders } from './headers.ts'
import { methods } from './method.ts'
import { compilePattern } from './pattern.ts'
import { parseRequestLine } from './request-line.ts'

/** A JSON Schema (2020-12) as an admin writes it; what is in it is checked when it is compiled. */
const JsonSchema = z.record(z.string(), z.json()).transform(schema => schema as JsonObject)

/** A schema for each of some parameters. */
const Parameters = z.record(z.string().min(1).max(100), JsonSchema)

export type Parameters = z.output<typeof Parameters>

/** The content types in which a JSON value can be sent, and text. */
const ContentType = z
  .string()
  .regex(
    /^(?:application\/(?:[a-z0-9.+-]+\+)?json|application\/x-www-form-urlencoded|text\/(?!.*(?:json|form))[a-z0-9.+-]+)$/,
    'application/json, another JSON type, application/x-www-form-urlencoded, or a text type; without parameters',
  )

/** How many pages are collected into one answer, and how the next one is found (RFC 8288). */
export const Pages = z.strictObject({ follow: z.literal('link'), max: z.int().min(2).max(20) })

const AllowLine = z.string().superRefine(refineWith(parseRequestLine))

const StoredDocument = z.strictObject({
  document: z.string().describe('A GraphQL document with one query or mutation'),
  variables: Parameters.default({}).describe('A JSON Schema for each variable that the agent may give'),
})

const AllowObject = z
  .strictObject({
    method: z.enum(methods),
    path: z.string().superRefine(refineWith(compilePattern)),
    params: Parameters.optional().describe(
      'A JSON Schema for each :name of the path that is narrower than any segment',
    ),
    query: Parameters.optional().describe(
      'The query parameters that may be given, each with a JSON Schema; {} permits none',
    ),
    body: JsonSchema.optional().describe('A JSON Schema (2020-12) that the JSON body must satisfy'),
    content_types: z.array(ContentType).min(1).optional().describe('The types in which a body may be sent'),
    graphql: z
      .record(z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/, 'a name of letters, digits and _'), StoredDocument)
      .optional()
      .describe('The stored documents that the agent may have executed, by name; it cannot send one of its own'),
  })
  .refine(entry => entry.graphql === undefined || (entry.method === 'POST' && entry.body === undefined), {
    message: 'stored documents are sent by POST, and make the body themselves',
  })

/** One entry of `allow`: `METHOD /path`, or an object that also says what the arguments must look like. */
export const AllowEntry = z.union([AllowLine, AllowObject])

export type AllowEntry = z.output<typeof AllowEntry>
export type AllowObject = z.output<typeof AllowObject>

/** Headers that an admin fixes: never one that frames the message or carries an identity. */
export const FixedHeaders = z
  .record(z.string(), z.string().regex(fieldValue, 'contains a character that no header may have'))
  .superRefine((headers, context) => {
    for (const name of Object.keys(headers)) {
      const reason = fieldName.test(name) ? reservedHeaders.get(name) : 'is not a header name in lower case'
      if (reason !== undefined) context.addIssue({ code: 'custom', message: `${name}: ${reason}`, path: [name] })
    }
  })

const Scalar = z.union([z.string(), z.number(), z.boolean()])

const Fixed = z
  .strictObject({
    query: z.record(z.string(), z.union([Scalar, z.array(Scalar)])).default({}),
    body: z.record(z.string(), z.json()).default({}),
    headers: FixedHeaders.default({}),
  })
  .prefault({})

/** A named operation, offered as an MCP tool of its own with typed arguments. */
export const OperationEntry = z
  .strictObject({
    request: z.string().superRefine(refineWith(parseRequestLine)).describe('METHOD /path; :name becomes an argument'),
    description: z.string().min(1).max(1_000),
    params: Parameters.default({}).describe('A JSON Schema for each :name; without one it is any text'),
    query: Parameters.default({}).describe('The query parameters that the agent may give, each with a JSON Schema'),
    required: z.array(z.string()).default([]).describe('Those of them that it must give'),
    body: JsonSchema.optional().describe('A JSON Schema (2020-12) for the argument body'),
    content_type: ContentType.default('application/json').describe('How the body is sent'),
    graphql: z
      .string()
      .optional()
      .describe('A GraphQL document with one query or mutation; its variables become arguments'),
    variables: Parameters.default({}),
    fixed: Fixed.describe('Parts of the request that the agent neither sees nor changes'),
    select: z
      .array(z.string())
      .min(1)
      .optional()
      .describe('JSON pointers to what is kept of an answer; * is every item'),
    pages: Pages.optional(),
  })
  .describe('Offered to agents as <tool>_<name>')

export type OperationEntry = z.output<typeof OperationEntry>
