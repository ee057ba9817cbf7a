import * as z from 'zod'
import { nearestWord } from './problem.ts'

/** Something wrong at a path of the document. */
export interface Found {
  readonly path: readonly PropertyKey[]
  readonly reason: string
}

/** Turns an issue of the schema into problems in our words; a value is never repeated, it could be a secret. */
export function problemsOf(issue: z.core.$ZodIssue, schema: z.ZodType): Found[] {
  const path = issue.path
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map(key => {
        const meant = nearestWord(key, keysAt(schema, path))
        return { path: [...path, key], reason: meant === null ? 'unknown key' : `unknown key (did you mean ${meant}?)` }
      })
    case 'invalid_union': {
      // Of several alternatives, the one that got furthest says the most.
      if (issue.message !== 'Invalid input' || issue.errors.length === 0) return [{ path, reason: issue.message }]
      const best = issue.errors.reduce((a, b) => (score(b) > score(a) ? b : a))
      return best.flatMap(inner => problemsOf({ ...inner, path: [...path, ...inner.path] }, schema))
    }
    case 'invalid_key':
      return issue.issues.map(inner => ({ path, reason: inner.message }))
    case 'invalid_type':
      return [
        {
          path,
          reason: issue.message.includes('received undefined') ? 'is missing' : `expected ${article(issue.expected)}`,
        },
      ]
    default:
      return [{ path, reason: issue.message }]
  }
}

function score(issues: readonly z.core.$ZodIssue[]): number {
  const [first] = issues
  if (first === undefined) return Number.POSITIVE_INFINITY
  return first.path.length * 10 + (first.code === 'invalid_type' ? 0 : 5) - issues.length
}

function article(expected: string): string {
  if (expected === 'record' || expected === 'object') return 'a mapping (key: value lines)'
  return /^[aeiou]/.test(expected) ? `an ${expected}` : `a ${expected}`
}

/** The keys that a mapping at this path could have, for suggestions; read off the schema itself. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): readonly string[] {
  let candidates: z.core.$ZodType[] = alternatives(schema)
  for (const step of path)
    candidates = candidates.flatMap(candidate => childrenOf(candidate, step)).flatMap(alternatives)
  return candidates.flatMap(candidate => (candidate instanceof z.ZodObject ? Object.keys(candidate.shape) : []))
}

function childrenOf(schema: z.core.$ZodType, step: PropertyKey): z.core.$ZodType[] {
  if (schema instanceof z.ZodObject) return String(step) in schema.shape ? [schema.shape[String(step)]] : []
  if (schema instanceof z.ZodRecord) return [schema.valueType]
  return schema instanceof z.ZodArray ? [schema.element] : []
}

function alternatives(schema: z.core.$ZodType): z.core.$ZodType[] {
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(alternatives)
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return alternatives(schema.def.innerType)
  }
  return [schema]
}
