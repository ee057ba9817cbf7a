import * as z from 'zod'
import { configSchema } from '../config/schema.ts'
import type { World } from './world.ts'

/** `keyhold config schema`: the JSON Schema of the file as a person writes it, from the schema that checks it. */
export async function configSchemaCommand(world: World, write: (text: string) => void): Promise<number> {
  const schema = z.toJSONSchema(configSchema(world.kinds), { io: 'input', unrepresentable: 'any' })
  write(`${JSON.stringify({ title: 'Keyhold configuration', ...schema }, null, 2)}\n`)
  return 0
}
