import { globSync, readFileSync } from 'node:fs'
import { hexOf, randomBytesOf, uuidOf } from './random-values.ts'
import { type Random, seeded } from './samples.ts'

/** A text that has nothing to do with any secret. */
export interface Innocent {
  readonly name: string
  readonly text: string
}

/** Real text of the kinds that upstreams answer with, some `millions` of characters of each; what no checkout has is generated. */
export function corpus(millions: number): Readonly<Record<string, readonly Innocent[]>> {
  const random = seeded(7)
  return {
    'source code': read(
      millions,
      '{src,tools,test}/**/*.ts',
      'node_modules/{zod,undici,yaml,vitest}/**/*.{js,mjs,d.ts,d.cts}',
    ),
    'JSON and the lock file': read(millions, 'package-lock.json', 'node_modules/**/*.json', 'node_modules/**/*.map'),
    documentation: read(millions, '*.md', 'docs/**/*.md', 'node_modules/**/*.md'),
    logs: [{ name: 'generated log', text: logOf(8_000, random) }],
    'base64 of images and noise': [
      ...globSync('node_modules/**/*.{png,jpg,gif,woff,woff2,node,wasm}')
        .sort()
        .slice(0, 20)
        .map(name => ({ name, text: readFileSync(name).subarray(0, 500_000).toString('base64') })),
      { name: 'generated noise', text: randomBytesOf(500_000, random).toString('base64') },
    ],
  }
}

function read(millions: number, ...patterns: readonly string[]): readonly Innocent[] {
  let left = millions * 1_000_000
  return patterns
    .flatMap(pattern => globSync(pattern).sort())
    .flatMap(name => {
      if (left <= 0) return []
      const text = readFileSync(name, 'utf8').slice(0, left)
      left -= text.length
      return [{ name, text }]
    })
}

/** Lines as servers write them, full of ids and digests. */
function logOf(lines: number, random: Random): string {
  return Array.from({ length: lines }, (_, line) => {
    const at = new Date(1_767_225_600_000 + line * 997).toISOString()
    const id = uuidOf(random)
    const digest = hexOf(random, 32)
    const etag = randomBytesOf(12, random).toString('base64url')
    return `${at} INFO request=${id} method=GET path=/v1/items/${line} status=200 etag="${etag}" sha256=${digest} ms=${random(900)}`
  }).join('\n')
}
