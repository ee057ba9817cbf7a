import type { Kind } from '../src/kind.ts'
import { db } from './db/index.ts'
import { http } from './http/index.ts'

/** Every kind there is; a new one is one folder and one line here. */
export const kinds: readonly Kind[] = [http, db]
