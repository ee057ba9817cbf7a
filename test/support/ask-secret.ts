import { writeFileSync } from 'node:fs'
import { readSecret } from '../../src/cli/read-secret.ts'
import { Refusal } from '../../src/refusal.ts'

/*
 * Asks for a secret and writes what came of it to a file, so that the terminal shows nothing but the asking:
 *   node ask-secret.ts FILE
 */
const [file = ''] = process.argv.slice(2)
try {
  const value = await readSecret('Value: ', { input: process.stdin, output: process.stderr })
  writeFileSync(file, JSON.stringify({ value }))
} catch (error) {
  const { code, message } = error instanceof Refusal ? error : { code: 'not a refusal', message: String(error) }
  writeFileSync(file, JSON.stringify({ code, detail: message }))
}
