import { createToken } from '../agents/token.ts'
import { Refusal } from '../refusal.ts'
import type { World } from './world.ts'

/** `keyhold agent token NAME`: makes a token, prints it once, and prints what the configuration needs to know it. */
export async function agentToken(
  world: World,
  name: string,
  options: { readonly json?: boolean },
  write: (text: string) => void,
): Promise<number> {
  if (!/^[a-z][a-z0-9_-]{0,31}$/.test(name)) {
    throw new Refusal('invalid_input', 'an agent is named with 1-32 of a-z, 0-9, _ and -, beginning with a letter')
  }
  const { token, sha256 } = createToken(world.random)
  if (options.json === true) {
    write(`${JSON.stringify({ agent: name, token, sha256 })}\n`)
    return 0
  }
  write(`Token of ${name}, shown only now:\n\n  ${token}\n\nAdd to keyhold.yaml, and name what it may use:\n\n`)
  write(`agents:\n  ${name}:\n    token: { sha256: "${sha256}" }\n    allow: []\n`)
  return 0
}
