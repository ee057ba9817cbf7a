import type { Readable } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib'
import { Refusal } from '../../src/refusal.ts'

const decoders = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
}

/**
 * Takes the content encoding off a body.
 *
 * @param encoding the `content-encoding` field, or undefined
 * @throws Refusal `target_refused` for an encoding that is unknown or nested
 */
export function decompressed(source: Readable, encoding: string | undefined): Readable {
  const name = encoding?.trim().toLowerCase() ?? ''
  if (name === '' || name === 'identity') return source
  // Nested encodings ("gzip, gzip") multiply a bomb's factor and no honest API sends them.
  if (!Object.hasOwn(decoders, name))
    throw new Refusal('target_refused', 'the response has a content-encoding that is not accepted')
  const decoder = decoders[name as keyof typeof decoders]()
  source.once('error', error => decoder.destroy(error))
  return source.pipe(decoder)
}

/** Tells whether an error comes from a body that is not what its encoding says. */
export function isBroken(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown }
  return (
    typeof code === 'string' &&
    (code.startsWith('Z_') || code.startsWith('ERR_BROTLI') || code.startsWith('ERR__') || code.startsWith('ZSTD_'))
  )
}
