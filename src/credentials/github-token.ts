import type { KeyObject } from 'node:crypto'
import * as z from 'zod'
import type { NeededRights } from '../leased.ts'
import { ConnectFailed } from '../net/connect-failed.ts'
import { createRedactor } from '../redact/redactor.ts'
import { Refusal } from '../refusal.ts'
import { Secret } from '../secret.ts'
import { exchangeOptions } from './endpoint.ts'
import type { GithubAppCredential } from './github-app.ts'
import { tokenProblem } from './value-problem.ts'

/** A token of an installation, and the signed statement that it was fetched with. */
interface GithubToken {
  readonly token: Secret
  readonly statement: Secret
  /** In milliseconds. */
  readonly expiresAt: number
}

/** GitHub wants at most 10 minutes between the two, and clocks that are apart forgiven. */
const statementLifeSeconds = 540
const backdatedSeconds = 60

/** The answer lists the repositories asked for, of which there may be 500, each with some 6 kB about it. */
const maxAnswerBytes = 8 * 1024 * 1024

/** GitHub's tokens have 40 or some 500 characters; what is much longer is none, and would be costly to redact. */
const maxTokenLength = 4_096

const Answer = z.object({ token: z.string().max(maxTokenLength), expires_at: z.iso.datetime({ offset: true }) })

/**
 * Fetches a token that can do what is needed and no more.
 *
 * @throws Refusal credential_unavailable, with nothing in it that the other side wrote
 */
export async function fetchGithubToken(input: {
  readonly name: string
  readonly credential: GithubAppCredential
  readonly key: KeyObject
  readonly rights: NeededRights
  readonly clock: () => number
  readonly timeoutMs: number
}): Promise<GithubToken> {
  const { name, credential, rights, clock } = input
  const unavailable = (detail: string) => new Refusal('credential_unavailable', `${name}: ${detail}`)
  if (rights.repositories?.length === 0) throw unavailable('the scope names no repository that a token could be for')
  const statement = await sign(credential.app_id, input.key, clock)
  const { status, text } = await post(input, statement).catch((error: unknown) => {
    throw unavailable(`the token endpoint gave no answer that can be used${whyNot(error, statement)}`)
  })
  if (status !== 201) throw unavailable(`${whyRefused(status, rights)} (status ${status})`)
  const answer = parsed(text)
  if (answer === null) throw unavailable('the token endpoint answered with something that is not a token')
  const problem = tokenProblem(answer.token)
  if (problem !== null) throw unavailable(`the token ${problem}`)
  const expiresAt = Date.parse(answer.expires_at)
  if (expiresAt <= clock()) throw unavailable('the token has expired already; is the clock of this machine right?')
  return { token: new Secret(name, answer.token), statement: new Secret(name, statement), expiresAt }
}

/** Says in one line for the record what a token is asked for. */
export function describeRights({ repositories, permissions }: NeededRights): string {
  const names = repositories === null ? 'all repositories' : `repositories: ${[...repositories].sort().join(', ')}`
  if (permissions === null) return `${names}; all permissions`
  const granted = Object.entries(atLeastOne(permissions)).map(([permission, access]) => `${permission}=${access}`)
  return `${names}; permissions: ${granted.sort().join(', ')}`
}

async function sign(issuer: string, key: KeyObject, clock: () => number): Promise<string> {
  const { SignJWT } = await import('jose')
  const now = Math.floor(clock() / 1_000)
  return new SignJWT()
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
    .setIssuer(issuer)
    .setIssuedAt(now - backdatedSeconds)
    .setExpirationTime(now + statementLifeSeconds)
    .sign(key)
}

async function post(input: Parameters<typeof fetchGithubToken>[0], statement: string) {
  const { exchange } = await import('../net/exchange.ts')
  const request = {
    method: 'POST',
    url: tokenUrl(input.credential),
    headers: {
      accept: 'application/vnd.github+json',
      authorization: `Bearer ${statement}`,
      'content-type': 'application/json',
      'user-agent': 'keyhold',
      'x-github-api-version': '2022-11-28',
    },
    body: JSON.stringify(asked(input.rights)),
  }
  return exchange(
    request,
    await exchangeOptions(input.credential, { timeoutMs: input.timeoutMs, maxBytes: maxAnswerBytes }),
  )
}

function tokenUrl(credential: GithubAppCredential): URL {
  const url = new URL(credential.api_url)
  // The id is nothing but digits.
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/app/installations/${credential.installation_id}/access_tokens`
  return url
}

/** What is left out of the request is granted in full, so nothing but null may be left out. */
function asked({ repositories, permissions }: NeededRights): object {
  return {
    ...(repositories === null ? {} : { repositories }),
    ...(permissions === null ? {} : { permissions: atLeastOne(permissions) }),
  }
}

/** No permissions at all would read as all of them; `metadata` is what every token has anyway. */
function atLeastOne(permissions: NonNullable<NeededRights['permissions']>): NonNullable<NeededRights['permissions']> {
  return Object.keys(permissions).length === 0 ? { metadata: 'read' } : permissions
}

function parsed(text: string): z.output<typeof Answer> | null {
  try {
    return Answer.safeParse(JSON.parse(text)).data ?? null
  } catch {
    return null
  }
}

function whyNot(error: unknown, statement: string): string {
  if (error instanceof DOMException && error.name === 'TimeoutError') return ' in time'
  if (!(error instanceof ConnectFailed)) return ''
  // An answer that repeats the request must not get it into a record by way of an error message.
  return `: ${createRedactor([new Secret('of the app', statement)])
    .text(error.message)
    .slice(0, 300)}`
}

function whyRefused(status: number, rights: NeededRights): string {
  switch (status) {
    case 401:
      return 'GitHub does not accept the key; look at app_id, at private_key and at the clock of this machine'
    case 403:
      return 'GitHub refuses a token; the installation is suspended, or asks too often'
    case 404:
      return 'GitHub knows no such installation of this app; look at installation_id'
    case 422:
      return `the app was not granted what the tool's scope needs (${describeRights(rights)}); grant it in the settings of the app and its installation, or narrow the scope`
    case 429:
      return 'GitHub wants fewer requests for tokens'
    default:
      return status >= 500 ? 'GitHub fails at the moment' : 'GitHub gave no token'
  }
}
