/** What Keyhold promises, and by which tests each promise is proven: `file > test name`. */
export interface Promised {
  readonly promise: string
  readonly tests: readonly string[]
}

export const promises = {
  P1: {
    promise:
      "No key reaches the agent: not in a result, a refusal, a log, the audit log, argv, a child's environment or a crash, in plain or in any common encoding (base64 at all three alignments, base64url, hex, URL-, JSON- and HTML-escaped, reversed, split over chunks, compressed by the upstream).",
    tests: [
      'test/security/leaks.test.ts > an upstream that gives the key back leaks nothing',
      'test/security/http/echoes.test.ts > a key of type %s that is given back reaches nobody',
      'test/e2e/selftest.test.ts > in tools with %j, whose secrets were given back in every way',
      'test/security/partial.test.ts > is redacted in an answer, and on record by a fingerprint only',
      'test/security/partial.test.ts > is stopped at the fourth part: its answer is withheld, and the tool is frozen',
      'test/security/http/further.test.ts > with the key in the path: not followed, and seen by nobody',
      'test/security/leaks.test.ts > and neither the log nor the audit log nor the configuration has it',
      'test/security/oracle.test.ts > where an answer is cut tells nothing about how the key begins',
      'test/security/oracle.test.ts > a key that lies across the cut is not shown in part',
      'test/e2e/call.test.ts > an allowed call reaches the API with the key, and the agent gets the answer without it',
      'test/e2e/db/call.test.ts > a password that is in a table is redacted like anywhere else, where the tool has one',
      'test/e2e/db/credentials.test.ts > a user that Vault makes for a tool logs in, is in no argument, and is gone when the worker is',
      'test/e2e/workers.test.ts > its environment is empty, its arguments hold no key, and it may neither write nor start processes',
    ],
  },
  P2: {
    promise:
      'The gate holds no key: a heap snapshot of it, taken after every tool was used, contains none. A worker holds its own key only.',
    tests: [
      'test/security/memory.test.ts > a heap snapshot of the gate holds no key; one of a worker holds its own key and no other',
      'test/security/isolation.test.ts > has no form of any value in its memory',
      'test/security/isolation.test.ts > has no form of any value in its heap snapshot',
      'test/workers/hardened.test.ts > of %s is closed to every other process of its user',
      'test/e2e/workers.test.ts > an env credential is the one variable its worker gets',
    ],
  },
  P3: {
    promise:
      'No record, no call: the record of an attempt is written before anything happens; if it cannot be written, nothing happens. Refused attempts are recorded too.',
    tests: [
      'test/e2e/refusals.test.ts > a directory that cannot be written: audit_unavailable, and back when it can',
      'test/e2e/refusals.test.ts > a refusal sends no byte upstream, leases no credential, and is on record',
      'test/e2e/call.test.ts > an unknown tool is a protocol error, and is on record',
    ],
  },
  P4: {
    promise:
      'Doing nothing means no: what no rule allows is refused; an empty list permits nothing; unknown keys are errors.',
    tests: [
      'test/e2e/refusals.test.ts > a refusal sends no byte upstream, leases no credential, and is on record',
      'test/config/load.test.ts > a bad configuration is refused with place, key and reason',
      'test/policy/decide.test.ts > what no rule allows is denied',
      'test/policy/decide.test.ts > an empty list permits nothing, and the tool does not exist for the agent',
    ],
  },
  P5: {
    promise: 'A tool reaches its target and nothing else: no other host, path, table, column, branch or file.',
    tests: [
      'test/tools/http/path.test.ts > a path that could mean something else is refused',
      'test/tools/http/path.test.ts > whatever path is made up, what is rebuilt parses to what was judged, and the URL standard reads it the same',
      'test/e2e/call.test.ts > a call outside of the scope sends nothing, leases nothing, and says what is allowed',
      'test/security/http/paths.test.ts > a path that could be read in two ways is refused, and nothing leaves',
      'test/security/http/names.test.ts > a query parameter that could change method, route or identity is refused in every spelling',
      'test/security/http/bodies.test.ts > GraphQL that is not a stored document is refused, and nothing leaves',
      'test/security/http/operations.test.ts > a path parameter that is more than one segment is refused, and nothing leaves',
      'test/security/http/further.test.ts > a redirect that leads anywhere else is not followed; it is the answer',
      'test/security/http/addresses.test.ts > a target that may never be reached is refused when the configuration is loaded',
      'test/security/http/properties.test.ts > of 150 made-up paths, what leaves is in the scope, or nothing leaves',
      'test/net/dial.test.ts > a name leads to checked addresses only',
      'test/security/db/layers.test.ts > %s: nothing escapes that this can hold',
      'test/fuzz/fuzz.test.ts > %s: whatever is let through, the database itself says that it stays inside of the scope',
      'test/e2e/db/call.test.ts > describe shows the allowed tables and columns, and nothing else',
      'test/e2e/db/role.test.ts > an all-powerful role is refused, on every call and by check, unless that is switched off',
    ],
  },
  P6: {
    promise: 'A broken tool breaks only itself: kill its worker at any moment and the next call works.',
    tests: [
      'test/e2e/workers.test.ts > kill its worker between calls and the next call works',
      'test/e2e/workers.test.ts > a worker that hangs is killed after the deadline and replaced',
      'test/e2e/db/trouble.test.ts > a statement that does not end is ended at the deadline, at the database too, and the next call works',
      'test/e2e/db/memory.test.ts > a statement that takes gigabytes is refused, takes no more than a worker may have, and the next call works',
      'test/e2e/db/trouble.test.ts > a worker that is killed in the middle costs its call at most',
      'test/security/http/dense.test.ts > dense JSON does not end the worker: %s',
      'test/security/http/resources.test.ts > an answer that costs too much ends by the deadline, and so does nothing else',
    ],
  },
  P7: {
    promise:
      'Limits hold exactly: never one call more than allowed in a window, counted over every process that shares the store.',
    tests: ['test/limits/limits.test.ts > of many calls at once, exactly as many are sent as the rate allows'],
  },
  P8: {
    promise:
      'Nothing runs twice: a call is attempted at most once unless the operation is idempotent; when the outcome is unknown, the record and the answer say so.',
    tests: [
      'test/e2e/workers.test.ts > kill its worker in the middle of a write: the outcome is unknown, and nothing is sent twice',
      'test/e2e/workers.test.ts > an upstream that does not answer: target_timeout for a read, outcome_unknown for a write',
      'test/e2e/lifecycle.test.ts > after kill -9 in the middle of calls and a restart, the chain verifies and the calls show unknown',
      'test/e2e/lifecycle.test.ts > a call that outlives the grace of SIGTERM is ended with a record, and is not sent again',
      'test/e2e/workers.test.ts > a %s whose connection breaks after it was sent has an unknown outcome, after %i attempts',
      'test/tools/db/postgres/trouble.test.ts > behind a commit leaves the outcome unknown',
      'test/tools/db/mysql/trouble-commit.test.ts > at a commit that nobody answers has an unknown outcome soon after the deadline',
      'test/e2e/http/retries.test.ts > after a byte of the answer nothing is sent again',
      'test/e2e/http/idempotency.test.ts > gives the stored outcome, says so, and sends nothing',
      'test/e2e/http/idempotency.test.ts > two at the same time make one request, and have the same outcome',
    ],
  },
  P9: {
    promise:
      'Bad input gets a clear refusal with a stable code; a bad configuration stops the start with file, line, key and the reason.',
    tests: [
      'test/config/load.test.ts > the command line prints the problems on standard error and exits with 2',
      'test/e2e/bad-input.test.ts > on stdio, what cannot be understood is refused, and the next call works',
      'test/e2e/bad-input.test.ts > over HTTP, what cannot be understood is refused, and the next call works',
      'test/e2e/status.test.ts > a configuration that cannot be loaded leaves a server with one tool that says what is wrong',
    ],
  },
  P10: {
    promise:
      'The record is tamper-evident: a changed, removed, reordered or cut line is found by `keyhold audit verify`, which names it.',
    tests: [
      'test/e2e/lifecycle.test.ts > a changed line is found by the command line, which names it and fails',
      'test/audit/tampering.test.ts > $name a line',
      'test/audit/tampering.test.ts > cutting a chain after line %i is found, and named',
      'test/audit/tampering.test.ts > that is removed with its head is missed by the chain that began after it',
    ],
  },
} as const satisfies Record<string, Promised>
