import type { Pattern } from './pattern.ts'

/**
 * A pattern as an automaton without empty moves (Glushkov's construction): its states are the pattern's units, and being in
 * one means that it has just been read. So the same states serve for reading forwards and backwards.
 */
export interface Fragment {
  /** What each unit reads: any one of these UTF-16 units. */
  readonly units: readonly string[]
  readonly first: readonly number[]
  readonly last: readonly number[]
  readonly following: readonly (readonly number[])[]
  readonly preceding: readonly (readonly number[])[]
  readonly isFirst: readonly boolean[]
  readonly isLast: readonly boolean[]
  readonly canBeEmpty: boolean
}

interface Borders {
  readonly first: readonly number[]
  readonly last: readonly number[]
  readonly canBeEmpty: boolean
}

/** Compiles a pattern. */
export function compile(pattern: Pattern): Fragment {
  const units: string[] = []
  const following: number[][] = []
  const borders = visit(pattern)
  const preceding: number[][] = units.map(() => [])
  following.forEach((targets, unit) => {
    for (const target of targets) preceding[target]?.push(unit)
  })
  const contains = (list: readonly number[]) => {
    const members = new Set(list)
    return units.map((_, unit) => members.has(unit))
  }
  return {
    units,
    // Copied, because an array that grew takes several times the room that it needs.
    following: following.map(list => list.slice()),
    preceding: preceding.map(list => list.slice()),
    ...borders,
    isFirst: contains(borders.first),
    isLast: contains(borders.last),
  }

  function visit(node: Pattern): Borders {
    switch (node.type) {
      case 'unit': {
        const unit = units.push(node.units) - 1
        following.push([])
        return { first: [unit], last: [unit], canBeEmpty: false }
      }
      case 'sequence':
        return node.parts.map(visit).reduce(join, { first: [], last: [], canBeEmpty: true })
      case 'either': {
        const choices = node.choices.map(visit)
        return {
          first: choices.flatMap(choice => choice.first),
          last: choices.flatMap(choice => choice.last),
          canBeEmpty: choices.some(choice => choice.canBeEmpty),
        }
      }
      default:
        return node satisfies never
    }
  }

  function join(left: Borders, right: Borders): Borders {
    for (const unit of left.last) following[unit]?.push(...right.first)
    return {
      first: left.canBeEmpty ? [...left.first, ...right.first] : left.first,
      last: right.canBeEmpty ? [...left.last, ...right.last] : right.last,
      canBeEmpty: left.canBeEmpty && right.canBeEmpty,
    }
  }
}
