import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { Refusal } from '../refusal.ts'
import { maxDocumentBytes } from './document.ts'

/**
 * Reads the text of an OpenAPI document.
 *
 * @throws Refusal invalid_input
 */
export async function readDocumentFile(file: string): Promise<string> {
  // Without O_NONBLOCK, opening a FIFO waits for a writer. It is undefined on Windows, and counts as 0.
  const { O_RDONLY, O_NONBLOCK } = constants
  const fail = (reason: string): never => {
    throw new Refusal('invalid_input', `${file} ${reason}`)
  }
  const handle = await open(file, O_RDONLY | O_NONBLOCK).catch((error: NodeJS.ErrnoException) =>
    fail(error.code === 'ENOENT' ? 'does not exist' : `cannot be read (${error.code ?? 'unknown error'})`),
  )
  try {
    const stats = await handle.stat()
    if (!stats.isFile()) fail('is not a file')
    if (stats.size > maxDocumentBytes) fail(`is larger than ${maxDocumentBytes} bytes`)
    return new TextDecoder('utf-8', { fatal: true }).decode(await handle.readFile())
  } catch (error) {
    if (error instanceof Refusal) throw error
    return fail('is not valid UTF-8')
  } finally {
    await handle.close()
  }
}
