/** Rounds of decoding before a name counts as an attack; no chain of servers decodes so often. */
const maxRounds = 8

/**
 * Names that servers and frameworks read as an identity, a method or a route of the request, in normal form without a
 * leading `_`. General words for keys (`key`, `token`, `api_key`) are not here: many APIs have innocent parameters of that
 * name, and the credential's own name is known to the caller.
 */
// biome-ignore format: one group a line
const reserved: ReadonlySet<string> = new Set([
  // The method: Spring, Symfony, Google (`$httpMethod`), SharePoint, ASP.NET.
  'httpmethod', 'httpmethodoverride', 'methodoverride', 'overridemethod', 'requestmethodoverride',
  'xhttpmethod', 'xhttpmethodoverride', 'xmethodoverride', 'xoverridemethod',
  // Headers as parameters: Google (`$httpHeaders`) and whatever joins headers and parameters.
  'httpheaders', 'authorization', 'proxyauthorization', 'xauthorization', 'xauth', 'cookie', 'setcookie',
  // Tokens: RFC 6750 (2.3), OAuth 1 (RFC 5849, 3.5.3), GitLab, Atlassian Connect.
  'accesstoken', 'xaccesstoken', 'authtoken', 'xauthtoken', 'authenticationtoken', 'bearer', 'bearertoken',
  'oauthtoken', 'oauthaccesstoken', 'oauthconsumerkey', 'oauthsignature', 'oauthsignaturemethod',
  'privatetoken', 'jobtoken', 'feedtoken', 'rsstoken', 'idtoken', 'jwt', 'jwttoken',
  // Signed URLs: whose signature it is decides who asks.
  'awsaccesskeyid',
  'xgoogalgorithm', 'xgoogcredential', 'xgoogsignature', 'xgoogapikey', 'xgooguserproject', 'googleaccessid',
  // Logging in or standing in for another user: Jira and Confluence, SAP, Symfony, Kubernetes, Hadoop.
  'osusername', 'ospassword', 'osauthtype', 'sapuser', 'sappassword', 'switchuser', 'doas', 'loginas',
  'impersonate', 'impersonateas', 'impersonateuser', 'impersonateduser', 'impersonateuserid', 'impersonategroup',
  'remoteuser', 'xremoteuser', 'xforwardeduser', 'xwebauthuser',
  // Session ids that servers also take from the URL.
  'jsessionid', 'phpsessid', 'sessid', 'aspnetsessionid', 'connectsid', 'cftoken', 'laravelsession',
  // Where it came from and where it goes: proxies, IIS and Symfony, WordPress (`rest_route` replaces the path).
  'forwarded', 'xrealip', 'xclientip', 'trueclientip', 'xtrueclientip', 'cfconnectingip', 'xoriginatingip',
  'xhost', 'xoriginalhost', 'xoriginalurl', 'xoriginaluri', 'xrewriteurl', 'restroute',
])

/** Names that are reserved only with their leading `_`; `method`, `url` and `session_id` are everyday parameters. */
const reservedPrivate: ReadonlySet<string> = new Set(['_method', '_sessionid', '_url', '_route', '_controller'])

/** Google's own override of the content type; `ct` alone is an everyday name. */
const contentTypeOverride = /^\s*\$ct\s*(?:\[|$)/i

// AWS takes every header of its own as a parameter of a signed URL.
const reservedPrefixes = ['xforwarded', 'aspsessionid', 'xamz']

/** Control, invisible and undecodable characters: servers cut there, skip them or disagree, and no API has such names. */
const deceptive = /[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\ufffd]/u

/** `a`, `a[b]`, `a[b][]`; Rack reads `[a]` and `a]` as `a`, PHP reads `a[b` as `a_b`. */
const wellBracketed = /^[^[\]]*(?<=[^[\]])(?:\[[^[\]]*\])*$/

/**
 * Tells whether a query parameter or a key at the top of a body could change the method, the identity or the route of a
 * request, in any spelling that a server might take for one of the reserved names. The caller adds the credential's own name.
 */
export function reservedParameter(name: string): boolean {
  if (name === '') return false
  const { text, settled } = decodeFully(name)
  if (!settled || !name.isWellFormed() || deceptive.test(text) || !wellBracketed.test(text)) return true
  const normal = normalOf(text)
  const bare = normal.replace(/^_/, '')
  // CGI's name for a header: HTTP_COOKIE, HTTP_X_HTTP_METHOD_OVERRIDE (RFC 3875, 4.1.18).
  const names = [bare, bare.replace(/^http/, '')]
  return (
    reservedPrivate.has(normal) ||
    contentTypeOverride.test(text) ||
    names.some(word => reserved.has(word) || reservedPrefixes.some(prefix => word.startsWith(prefix)))
  )
}

/**
 * The form in which names are compared, not meant to be shown: decoded as often as it is encoded, NFKC, without case,
 * brackets, separators (`access_token`, `access-token`, `access.token` and `accessToken` are one) and invisible characters.
 * A leading `_` stays, since `_method` is not `method`; a leading `$` goes, since OData and Google take both.
 */
export function normalParameter(name: string): string {
  return normalOf(decodeFully(name).text)
}

/** A name in which there is nothing to decode: nearly every one, and judged on every call. */
const everyday = /^[a-z0-9][a-z0-9_-]*$/i

function decodeFully(name: string): { readonly text: string; readonly settled: boolean } {
  if (everyday.test(name)) return { text: name, settled: true }
  let text = name
  for (let round = 0; round < maxRounds; round++) {
    const again = decodeOnce(text)
    if (again === text) return { text, settled: true }
    text = again
  }
  return { text, settled: false }
}

function decodeOnce(text: string): string {
  return text
    .normalize('NFKC')
    .replaceAll('+', ' ')
    .replace(/%(?:25)+/g, '%') // any number of encodings of `%` at once
    .replace(/%u([0-9a-f]{4})/gi, (_escape, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))) // IIS
    .replace(/(?:%[0-9a-f]{2})+/gi, run => Buffer.from(run.replaceAll('%', ''), 'hex').toString())
}

function normalOf(text: string): string {
  if (everyday.test(text)) return text.toLowerCase().replace(/[_-]+/g, '')
  const [beforeNul = ''] = text.split('\0') // PHP and C read no further
  const plain = beforeNul
    .replace(/[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]/gu, '')
    .toUpperCase() // first, since the upper case of some letters is plain ASCII
    .toLowerCase()
    .replace(/^[\s$?&;#[\]]+/, '')
    .replace(/[[\]].*$/s, '')
    .trim()
  // PHP makes `_` of spaces and dots, so a leading `.method` is `_method` there.
  const lead = /^[_.-]/.test(plain) ? '_' : ''
  const rest = plain.replace(/[\s_.-]+/g, '')
  return lead + rest
}
