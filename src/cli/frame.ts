import type { Command, Option } from 'commander'
import type { World } from './world.ts'

/** Options that most commands have. */
export interface Common {
  readonly config?: string
  readonly json?: boolean
}

/** What a group of commands is added to and works with. */
export interface Frame {
  readonly program: Command
  /** Makes a command with `--config` and an example in its help. */
  readonly command: (parent: Command, name: string, description: string, example: string) => Command
  readonly json: Option
  readonly world: World
  readonly write: (text: string) => void
  /** Sets the exit code. */
  readonly done: (code: number) => void
}
