/**
 * The closed list of reasons why a call has no result, each with the one sentence an agent reads.
 * A sentence is fixed: nothing that an upstream, a file or an exception said is ever put into it.
 */
export const sentences = {
  invalid_input: 'The arguments are not valid for this tool.',
  not_allowed: 'This is outside of what the tool may do.',
  rate_limited: 'Too many calls; wait before the next one.',
  busy: 'Keyhold takes no further call right now; try again shortly.',
  credential_unavailable: 'The credential of this tool cannot be read; an administrator has to look at it.',
  target_unreachable: 'The target could not be reached; nothing was done.',
  target_timeout: 'The target did not answer in time.',
  target_refused: 'The target answered in a way that cannot be used.',
  role_refused:
    'The role of this tool may do more at its database than Keyhold accepts; an administrator has to look at it.',
  response_too_large: 'The answer is larger than this tool may return.',
  frozen: 'This tool was stopped: its answers held parts of a key. An administrator has to look at it.',
  audit_unavailable: 'The audit log cannot be written, so nothing was done.',
  outcome_unknown:
    'The request was sent but no answer came back; it may or may not have taken effect. Check before trying again.',
  cancelled: 'The call was cancelled.',
  internal: 'Keyhold failed on this call; nothing more is known. An administrator can look up the call id.',
} as const satisfies Record<string, string>

/** A code from the closed list; stable, so that programs may depend on it. */
export type RefusalCode = keyof typeof sentences

export const refusalCodes = Object.keys(sentences) as readonly RefusalCode[]

/** What may accompany a refusal to the agent: values of ours, never an upstream's words. */
export interface RefusalFields {
  /** Milliseconds until a retry can succeed. */
  readonly retry_after_ms?: number
  /** What would have been allowed, in the scope's own words. */
  readonly allowed?: readonly string[]
  /** Which argument is wrong and why, in our words and without its value. */
  readonly problems?: readonly string[]
}

/**
 * Any answer that is not the result. The agent reads the code's sentence and the fields;
 * the message (detail) and the cause go to the record and to the log only.
 */
export class Refusal extends Error {
  readonly code: RefusalCode
  readonly fields: RefusalFields

  constructor(
    code: RefusalCode,
    detail: string,
    options: { readonly fields?: RefusalFields; readonly cause?: unknown } = {},
  ) {
    super(detail, 'cause' in options ? { cause: options.cause } : undefined)
    this.name = 'Refusal'
    this.code = code
    this.fields = options.fields ?? {}
  }
}

/** The target did not accept the credential, before anything was done; it may have been replaced since it was read. */
export class CredentialRefused extends Refusal {
  constructor(detail: string, cause?: unknown) {
    super('credential_unavailable', detail, { cause })
  }
}

/** A refusal of arguments, whose one problem the agent reads: in our words, without the value. */
export function invalidInput(problem: string): Refusal {
  return new Refusal('invalid_input', problem, { fields: { problems: [problem] } })
}
