import type { Random } from '../support/random.ts'

/** What mutants are made of. */
export interface Material {
  readonly honest: readonly string[]
  readonly hostile: readonly string[]
  /** Names of everything that exists in the database, in the scope and outside of it. */
  readonly names: readonly string[]
}

/** Words that change what the words around them mean. */
const grammar = [
  `select¦from¦where¦as¦join¦left join¦natural join¦cross join¦using (id)¦on true¦union¦union all`,
  `except¦intersect¦with¦recursive¦lateral¦exists¦in¦not¦null¦distinct¦group by¦having¦order by`,
  `limit 1¦offset 1¦over ()¦window w as ()¦values¦insert into¦update¦delete from¦set¦returning *`,
  `default values¦on conflict do nothing¦(¦)¦,¦.¦*¦;¦=¦<¦||¦::text¦->¦->>¦-¦+¦/*¦*/¦--¦/*!¦#¦$1¦?`,
  `'¦"¦\`¦[¦]¦$$¦@x¦@@version¦:=¦\\¦E'\\x27'¦cast(1 as text)¦case when¦then¦else¦end¦all¦any`,
  `array[1]¦row(1)¦true¦0¦1¦'x'¦for update¦into¦explain`,
].flatMap(line => line.split('¦'))

const token =
  /\s+|--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|\$\w*\$|[\p{L}_][\p{L}\p{N}_$]*|\d+(?:\.\d+)?|[<>=!|&:@#~^*+/-]+|./gsu

/** Every name in the statements that make a database. */
export function namesIn(sql: string): readonly string[] {
  const words = sql.replaceAll(/'(?:[^']|'')*'/g, '').match(/"(?:[^"]|"")*"|`[^`]*`|[\p{L}_][\p{L}\p{N}_]*/gu) ?? []
  return [...new Set(words)]
}

/** Those statements that leave room for others around them. */
export function short(statements: readonly { readonly sql: string }[]): readonly string[] {
  return statements.map(({ sql }) => sql).filter(sql => sql.length < 500)
}

/** Gives one statement more or less like those of the corpus. */
export function mutant({ honest, hostile, names }: Material, random: Random): string {
  // What is all hostile is all refused, and says nothing about what is let through.
  const corpus = random.chance(0.75) ? honest : hostile
  const tokens = tokensOf(random.pick(corpus))
  const place = () => random.below(tokens.length + 1)
  const word = () => (random.chance(0.5) ? random.pick(names) : random.pick(grammar))
  for (let times = random.chance(0.6) ? 1 : 1 + random.below(4); times > 0; times -= 1) {
    switch (random.below(8)) {
      case 0:
        tokens.splice(place(), 1)
        break
      case 1:
        tokens.splice(place(), 0, ' ', word(), ' ')
        break
      case 2:
        replaceName(tokens, random.pick(names), random)
        break
      case 3: {
        const other = tokensOf(random.pick(corpus))
        const from = random.below(other.length)
        tokens.splice(place(), random.below(4), ' ', ...other.slice(from, from + 1 + random.below(8)), ' ')
        break
      }
      case 4: {
        const [a, b] = [random.below(tokens.length), random.below(tokens.length)]
        ;[tokens[a], tokens[b]] = [tokens[b] ?? '', tokens[a] ?? '']
        break
      }
      case 5:
        tokens.splice(place(), 0, ` (${tokensOf(random.pick(corpus)).join('')}) `)
        break
      case 6:
        return wrapped(tokens.join(''), random.pick(corpus), random.pick(names), random)
      default:
        replaceName(tokens, random.pick(names), random)
        replaceName(tokens, random.pick(names), random)
    }
  }
  return tokens.join('')
}

function tokensOf(sql: string): string[] {
  return sql.match(token) ?? []
}

function replaceName(tokens: string[], name: string, random: Random): void {
  const places = tokens.flatMap((text, index) => (/^[\p{L}_"`]/u.test(text) ? [index] : []))
  const place = places[random.below(Math.max(1, places.length))]
  if (place !== undefined) tokens[place] = name
}

function wrapped(sql: string, other: string, name: string, random: Random): string {
  const forms = [
    `select * from (${sql}) x`,
    `with ${name} as (${sql}) select * from ${name}`,
    `with recursive ${name} as (${sql} union all ${other}) select * from ${name}`,
    `${sql} union all ${other}`,
    `select (${sql}), x.* from ${name} x`,
    `select ${name} from (${sql}) x natural join (${other}) y`,
    `select x.${name}, x from (${sql}) x`,
    `select * from (${sql}) x join ${name} using (id)`,
    `select * from ${name} where exists (${sql})`,
    `${sql}; ${other}`,
  ]
  return random.pick(forms)
}
