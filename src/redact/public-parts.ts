/** A JWT, which begins with `{` in base64: header and payload can be known, to the agent above all, but not the signature. Of a JWE the tag is left. */
const jwt = /^e[yw][\w-]+\.(?:[\w-]*\.){1,3}([\w-]+)$/

/** What is longer is no token. */
const longestToken = 4_096

/**
 * Formats whose public parts are not at the beginning, or do not look like words: ids of an account, a user, an installation, a
 * region, a time. What the groups hold is secret; without a group nothing is certain to be.
 */
const formats: readonly RegExp[] = [
  // Session tokens of AWS: `origin_ec`, the region and the number of the account, at places that vary.
  /^(?:IQoJb3JpZ2lu|F[Qw]oGZXIvYXdz)/,
  // Containers: OpenSSH's keys, gzip, zip, zstd.
  /^(?:b3BlbnNzaC1rZXkt|H4sI|UEsD|KLUv)/,
  // Fernet, as in OpenStack: a version and the time, nine bytes.
  /^gAAAAA.{14}([\w-]+)=*$/,
  // Stripe: `51` and the id of the account.
  /^[a-z]{2,5}_(?:live|test)_51\w{18}(\w+)$/,
  /^github_pat_[A-Za-z0-9]+_([A-Za-z0-9]+)$/,
  // OpenAI, with its name in base64 in the middle.
  /^sk-(?:[a-z]+-)*([\w-]*)T3BlbkFJ([\w-]*)$/,
  // Atlassian, with a checksum.
  /^AT[A-Z]+3xFfGF0([\w-]+)=[0-9A-F]{8}$/,
  // Azure: a signature, the date, the region and the service behind the key.
  /^([A-Za-z0-9]{52})JQQJ99/,
  /^([A-Za-z0-9+/]{76})\+ASt.{6}==$/,
  // Telegram: the id of the bot.
  /^\d{5,12}:AA([\w-]+)$/,
  // Facebook and Square: the id of the app.
  /^EAA\w{17}([\w-]+)$/,
  // Google: the time and more behind the first part.
  /^AIzaSy([\w-]{33})$/,
  /^ya29\..{12}([\w-]+)$/,
  /^sntrys_.+_([\w+/-]{43})$/,
  /^tskey-[a-z]+-[A-Za-z0-9]+-([A-Za-z0-9]+)$/,
  // Vault: a version and lengths.
  /^hv[sbr]\.CAES.{4}([\w-]+)$/,
  // The end of a webhook of Slack: its team and its bot come first.
  /^T[A-Z0-9]+\/B[A-Z0-9]+\/(\w+)$/,
  // Hexadecimal digits behind letters that name what they are, such as `dapi` and `SK`.
  /^[A-Za-z]{1,12}?((?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}))$/,
]

/** Words and numbers that say what a token is and whose: `ghp_`, `sk-ant-api03-`, `xoxb-123456-7890-`, `PMAK-0123abcd-`. */
const leadingWords = /^(?:(?:[a-z][a-z0-9]+|[A-Z][A-Z0-9]+|\d{2,})[-_])+/

/** The data centre, as in `-us5`. */
const trailingWord = /[-_][a-z]{2,6}\d{0,3}$/

/** So long a token has a structure of its own, and begins with what kind it is, for whom and since when. */
const longToken = 128
const headOfLongToken = 32

/** Text within base64, from this many bytes on, was written by somebody; and so may be what surrounds it. */
const textLength = 8
const textMargin = 11

/**
 * Returns those parts of a token that nobody can know without having it. This is what makes a search for parts safe: who knows
 * eleven characters in a row of what is searched for could append each possible twelfth one to a text that an API gives back, see which
 * one is redacted, and go on until nothing of the key is left to guess. So where it is not certain that a part is secret, it is left out.
 */
export function withoutPublicParts(token: string): readonly string[] {
  const signature = jwt.exec(token)?.[1]
  if (signature !== undefined) return [signature]
  if (token.length > longestToken) return []
  const format = formats.map(each => each.exec(token)).find(match => match !== null)
  if (format) return format.slice(1).flatMap(part => withoutText(part))
  // A URL, a user before a password, the id of a key before the key (SendGrid, Discord, Telegram): what matters comes last.
  const last = token.split(token.includes('://') ? /[/?&=]/ : /[.:~ ]/).at(-1) ?? ''
  const part = last
    .replace(/={1,2}$/, '')
    .replace(trailingWord, '')
    .replace(leadingWords, '')
  return withoutText(part.length > longToken ? part.slice(headOfLongToken) : part)
}

/** Cuts out what is text once it is decoded, at any of the ways to group its characters by four. */
function withoutText(part: string): readonly string[] {
  const isKnown = new Uint8Array(part.length)
  for (let offset = 0; offset < 4; offset += 1) {
    const bytes = Buffer.from(part.slice(offset), 'base64').toString('latin1')
    for (const { index, 0: text } of bytes.matchAll(new RegExp(`[\\w .:/"{},=@+-]{${textLength},}`, 'g'))) {
      const start = offset + Math.floor((index * 4) / 3) - textMargin
      isKnown.fill(1, Math.max(0, start), offset + Math.ceil(((index + text.length) * 4) / 3) + textMargin)
    }
  }
  return part
    .replaceAll(/[^]/g, (character, at: number) => (isKnown[at] === 1 ? ' ' : character))
    .split(' ')
    .filter(each => each !== '')
}
