import { escaped, escapedOnce } from './escapes.ts'
import { anyOf, either, literal, optional, type Pattern, repeat, sequence } from './pattern.ts'

/** Makes one pattern of a form, once a search gets that far. Equal steps are the same function. */
export type Step = () => Pattern

/** The steps that forms are made of; thousands of them share a few patterns. */
export interface Letters {
  /** A character of text; `\n` is any line break. */
  text(character: string): Step
  /** A character of base64 in either alphabet; `follows`: the text may be folded before it. */
  base64(letter: string, follows: boolean): Step
  /** A hexadecimal digit; `follows`: it begins a byte that is not the first, so a separator may precede it. */
  hex(digit: string, follows: boolean): Step
  /** A byte as a decimal number in a list. */
  number(byte: number, follows: boolean): Step
}

/** Makes the steps; equal ones are made once per call of this. */
export function createLetters(): Letters {
  const digitBefore = once(digit => sequence(betweenBytes(), hexDigit(digit)))
  const base64Before = once(letter => sequence(optional(indentation()), base64(letter)))
  const numberBefore = once(byte => sequence(betweenNumbers(), number(byte)))
  const [first, firstDigit, firstNumber] = [once(base64), once(hexDigit), once(number)]
  return {
    text: once(character => (character === '\n' ? lineBreak(escaped) : escaped(character))),
    base64: (letter, follows) => (follows ? base64Before : first)(letter),
    hex: (digit, follows) => (follows ? digitBefore : firstDigit)(digit),
    number: (byte, follows) => (follows ? numberBefore : firstNumber)(String(byte)),
  }
}

function once(make: (letter: string) => Pattern): (letter: string) => Step {
  const steps = new Map<string, Step>()
  return letter => {
    const step = steps.get(letter) ?? (() => make(letter))
    steps.set(letter, step)
    return step
  }
}

function base64(letter: string): Pattern {
  switch (letter) {
    case '+':
      return either(escaped('+'), escaped('-'))
    case '/':
      return either(escaped('/'), escaped('_'))
    case '=':
      return escaped('=')
    default:
      return escapedOnce(letter)
  }
}

function hexDigit(digit: string): Pattern {
  return anyOf(digit + digit.toUpperCase())
}

function number(byte: string): Pattern {
  return sequence(repeat(literal('0'), 0, 2), literal(byte))
}

function lineBreak(write: (character: string) => Pattern): Pattern {
  return repeat(either(write('\r'), write('\n')), 1, 2)
}

/** A line break within an encoded text, with what the next line is indented by. */
function indentation(): Pattern {
  return sequence(lineBreak(escapedOnce), repeat(either(anyOf(' \t'), literal('\\t')), 0, 16))
}

function betweenBytes(): Pattern {
  const separator = either(escapedOnce(':'), escapedOnce('-'), escapedOnce(' '), literal(','), literal(', '))
  return sequence(optional(separator), optional(indentation()), optional(literal('0x')))
}

function betweenNumbers(): Pattern {
  return sequence(either(literal(','), literal(', ')), optional(indentation()))
}
