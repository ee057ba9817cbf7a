import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = new URL('../..', import.meta.url).pathname
const files = globSync(['src/**/*.ts', 'tools/**/*.ts'], { cwd: root }).sort()
const textOf = (file: string) => readFileSync(join(root, file), 'utf8')

interface Import {
  readonly from: string
  readonly to: string
  readonly typeOnly: boolean
}

/** Static, re-exporting and dynamic imports of one file, by specifier. */
function specifiersOf(
  text: string,
): { readonly specifier: string; readonly typeOnly: boolean; readonly dynamic: boolean }[] {
  const code = text.replaceAll(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*$/gm, '')
  const fixed = [...code.matchAll(/^(?:import|export)\s+(type\s+)?(?:[^'"]*?\sfrom\s+)?'([^']+)'/gm)]
  const dynamic = [...code.matchAll(/\bimport\(\s*'([^']+)'\s*\)/g)]
  return [
    ...fixed.map(match => ({ specifier: match[2] as string, typeOnly: match[1] !== undefined, dynamic: false })),
    ...dynamic.map(match => ({ specifier: match[1] as string, typeOnly: false, dynamic: true })),
  ]
}

const graph: Import[] = files.flatMap(from =>
  specifiersOf(textOf(from))
    .filter(({ specifier, dynamic }) => specifier.startsWith('.') && !dynamic)
    .map(({ specifier, typeOnly }) => ({
      from,
      to: relative(root, resolve(root, dirname(from), specifier)),
      typeOnly,
    })),
)

/** Layers from the innermost outwards: a file may import from its own folder and from layers before its own. */
const layers: readonly (readonly string[])[] = [
  ['refusal', 'secret', 'verb-error'],
  ['leased', 'units', 'absolute-file', 'refine-with'],
  ['kind'],
  [
    'net',
    'process',
    'policy',
    'limits',
    'approvals',
    'audit',
    'agents',
    'credentials',
    'redact',
    'openapi',
    'presets',
    'selftest',
    'schema',
  ],
  ['workers', 'config'],
  ['gate'],
  ['server'],
  ['cli'],
  ['main', 'worker'],
]

/** Within the third layer, who may use whom; everybody else there stands alone. */
const neighbours = new Set([
  'agents>policy',
  'credentials>redact',
  'credentials>net',
  'selftest>credentials',
  'openapi>schema',
])

const partOf = (file: string) => (file.startsWith('tools/') ? 'tools' : (file.split('/')[1] ?? '').replace(/\.ts$/, ''))
const layerOf = (part: string) => layers.findIndex(layer => layer.includes(part))

function allowed({ from, to }: Import): boolean {
  const [importer, imported] = [partOf(from), partOf(to)]
  if (importer === imported)
    return importer !== 'tools' || from.split('/')[1] === to.split('/')[1] || from === 'tools/index.ts'
  if (importer === 'tools')
    return [
      'kind',
      'absolute-file',
      'refine-with',
      'verb-error',
      'leased',
      'units',
      'refusal',
      'secret',
      'net',
      'process',
      'schema',
    ].includes(imported)
  if (imported === 'tools') return ['main', 'worker'].includes(importer) && to === 'tools/index.ts'
  return layerOf(imported) < layerOf(importer) || neighbours.has(`${importer}>${imported}`)
}

test('there are files and imports to judge', () => {
  expect(files.length).toBeGreaterThan(60)
  expect(graph.length).toBeGreaterThan(150)
})

test('imports go one way', () => {
  expect(graph.filter(edge => !allowed(edge)).map(({ from, to }) => `${from} -> ${to}`)).toEqual([])
})

test('every part has a layer', () => {
  const parts = new Set(files.map(partOf).filter(part => part !== 'tools'))
  expect([...parts].filter(part => layerOf(part) === -1)).toEqual([])
})

test('no import runs in a circle', () => {
  const next = new Map<string, string[]>()
  for (const { from, to, typeOnly } of graph) if (!typeOnly) next.set(from, [...(next.get(from) ?? []), to])
  const done = new Set<string>()
  const circles: string[] = []
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) {
      circles.push([...path.slice(path.indexOf(file)), file].join(' -> '))
      return
    }
    if (done.has(file)) return
    for (const other of next.get(file) ?? []) visit(other, [...path, file])
    done.add(file)
  }
  for (const file of files) visit(file, [])
  expect(circles).toEqual([])
})

test("the SDK's types stop at the server", () => {
  const users = files.filter(file =>
    specifiersOf(textOf(file)).some(({ specifier }) => specifier.startsWith('@modelcontextprotocol/')),
  )
  expect(users.filter(file => !file.startsWith('src/server/'))).toEqual([])
})

describe('what only certain files may touch', () => {
  const rules: readonly (readonly [string, RegExp, readonly string[]])[] = [
    ['the environment', /\bprocess\.env\b/, ['src/main.ts', 'src/worker.ts']],
    ['the standard streams', /\bprocess\.(?:stdout|stderr|stdin)\b/, ['src/main.ts']],
    ['the console', /\bconsole\./, []],
    [
      'child processes',
      /node:child_process/,
      ['src/credentials/command.ts', 'src/workers/process.ts', 'src/workers/probe.ts'],
    ],
    [
      'undici',
      /from 'undici'/,
      ['tools/http/send.ts', 'tools/http/attempt.ts', 'tools/http/failure.ts', 'src/net/exchange.ts'],
    ],
    ['the global fetch', /(?<![.\w])fetch\(/, []],
    ['code from strings', /\beval\(|new Function\(|node:vm/, []],
    [
      'the value of a secret',
      /\.use\(/,
      [
        'tools/http/present.ts',
        'tools/db/mysql/login.ts',
        'tools/db/mysql/open.ts',
        'tools/db/postgres/login.ts',
        'src/net/authorization.ts',
        'src/net/trust.ts',
        'src/credentials/aws-secrets.ts',
        'src/credentials/fingerprint.ts',
        'src/credentials/same-secrets.ts',
        'src/credentials/vault-request.ts',
        'src/redact/redactor.ts',
        'src/credentials/aws-signature.ts',
      ],
    ],
  ]
  test.each(rules)('%s', (_what, pattern, owners) => {
    const users = files.filter(file => pattern.test(textOf(file).replaceAll(/\/\*[\s\S]*?\*\//g, '')))
    expect(users.filter(file => !owners.includes(file))).toEqual([])
  })
})

test('a file over 250 lines says why in its first comment, and none has 400', () => {
  const long = files.map(file => ({ file, lines: textOf(file).split('\n').length })).filter(({ lines }) => lines > 250)
  expect(long.filter(({ lines }) => lines >= 400)).toEqual([])
  expect(long.filter(({ file }) => !/^\/\*[\s\S]*?\b(?:long|lines)\b[\s\S]*?\*\//.test(textOf(file)))).toEqual([])
})

test('no file is named after a kind of thing', () => {
  const names = files.filter(file => /(?:^|\/)(?:utils?|helpers?|common|misc|base|types|manager)(?:[./-]|$)/.test(file))
  expect(names).toEqual([])
})
