// biome-ignore format: one group a line
const textualSubtypes = new Set([
  'json', 'x-json', 'json-seq', 'jsonl', 'x-jsonlines', 'ndjson', 'x-ndjson',
  'xml', 'yaml', 'x-yaml', 'toml', 'sql', 'graphql',
  'javascript', 'x-javascript', 'ecmascript', 'x-sh', 'x-www-form-urlencoded',
])

/** `type/subtype` of restricted names (RFC 6838, 4.2). */
const mediaType = /^([a-z0-9][a-z0-9!#$&^_.+-]*)\/([a-z0-9][a-z0-9!#$&^_.+-]*)$/i

/** Longest media type that is shown, in characters. */
const maxShownLength = 100

const parameter = /;[ \t]*([^\s;="]*)[ \t]*(?:=[ \t]*(?:"((?:[^"\\]|\\[^])*)"|([^\s;"]*)))?[^;]*/g

/**
 * Splits a Content-Type field (RFC 9110, 8.3) into the media type and the charset, both in lower case. What is malformed
 * is passed over: the type is then '' or no media type, and the charset is utf-8, as when there is none.
 */
export function parseContentType(field: string | undefined): { readonly type: string; readonly charset: string } {
  const text = field ?? ''
  const end = text.indexOf(';')
  const type = (end === -1 ? text : text.slice(0, end)).trim().toLowerCase()
  let charset = ''
  if (end !== -1) {
    // A quoted value is taken as a whole: a charset inside of another parameter's text is none.
    for (const [, name = '', quoted, plain] of text.slice(end).matchAll(parameter)) {
      if (charset !== '' || name.toLowerCase() !== 'charset') continue
      charset = (quoted?.replace(/\\([^])/g, '$1') ?? plain ?? '').trim().toLowerCase()
    }
  }
  return { type, charset: charset === '' ? 'utf-8' : charset }
}

/**
 * The media type in lower case when it is one (RFC 6838) and short enough to be shown, else null. An upstream can write
 * a key there, and in lower case no redaction finds it: redact the field first, and show nothing if that changed it.
 */
export function shownMediaType(type: string): string | null {
  const trimmed = type.trim()
  return trimmed.length <= maxShownLength && mediaType.test(trimmed) ? trimmed.toLowerCase() : null
}

/** Tells whether a media type is text, so that it can be decoded, redacted and shown. SVG is, since it is XML. */
export function isTextual(type: string): boolean {
  const [, top, subtype = ''] = mediaType.exec(type.toLowerCase()) ?? []
  if (top === 'text') return true
  return (top === 'application' && textualSubtypes.has(subtype)) || /\+(?:json|xml|yaml|json-seq)$/.test(subtype)
}

/** Tells whether a media type is one JSON value (RFC 8259, RFC 6839). */
export function isJson(type: string): boolean {
  const [, top, subtype = ''] = mediaType.exec(type.toLowerCase()) ?? []
  return ((top === 'application' || top === 'text') && subtype === 'json') || subtype.endsWith('+json')
}

/** Tells whether a media type is a stream of server-sent events. */
export function isEventStream(type: string): boolean {
  return type.toLowerCase() === 'text/event-stream'
}
