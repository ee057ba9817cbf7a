import * as z from 'zod'
import { Refusal } from '../refusal.ts'
import { inspectable } from './tool-provision.ts'
import { runGate } from './run-gate.ts'
import { loadFrom, type World } from './world.ts'

/** What a kind answers when it is asked for the rights of its credential. */
const Inspected = z.object({
  findings: z.array(z.object({ level: z.enum(['refused', 'warning']), message: z.string() })),
  role: z.string().nullable(),
  server_version: z.string(),
})

/**
 * `keyhold tool check NAME`: logs in to the target of a tool and says where its credential may do more than the scope.
 * Returns the exit code: 1 when the tool would refuse to work with it, or when it cannot log in.
 *
 * @throws Refusal invalid_input when there is no such tool, or nothing to ask
 */
export async function toolCheck(
  world: World,
  name: string,
  options: { readonly config?: string; readonly json?: boolean },
  write: (text: string) => void,
): Promise<number> {
  const loaded = await loadFrom(world, options.config)
  const { tool } = inspectable(name, loaded)
  const gate = runGate(world, loaded, { transport: 'command', onProblem: () => {} })
  try {
    const { answer } = await gate.inspect(tool, new AbortController().signal)
    const { findings, role, server_version: version } = Inspected.parse(answer)
    const ok = findings.every(({ level }) => level !== 'refused')
    if (options.json === true) {
      write(`${JSON.stringify({ tool: name, ok, role, server_version: version, findings })}\n`)
    } else {
      write(`${name}: ${role === null ? '' : `role ${role}, `}${version}\n`)
      for (const { level, message } of findings) write(`${level === 'refused' ? 'FAIL' : 'warn'}  ${message}\n`)
      write(verdict(findings.length, ok, name, role !== null))
    }
    return ok ? 0 : 1
  } catch (error) {
    if (!(error instanceof Refusal) || error.code === 'invalid_input') throw error
    const { code, message } = error
    write(
      options.json === true
        ? `${JSON.stringify({ tool: name, ok: false, code, message })}\n`
        : `FAIL  ${name}: ${message} [${code}]\n${adviceOn(message)}`,
    )
    return 1
  } finally {
    await gate.stop(0)
  }
}

function verdict(findings: number, ok: boolean, name: string, hasRole: boolean): string {
  if (findings === 0)
    return `ok    Nothing was found ${hasRole ? 'that the role may do beyond the scope' : 'to look at'}.\n`
  if (!hasRole) return ''
  const how = `keyhold tool provision ${name} prints the SQL of a role with exactly the scope's rights.`
  return ok ? `${how}\n` : `The tool refuses to work with this role. ${how}\n`
}

/** What to do about a certificate that was not accepted; the error's own code says only what is wrong with it. */
function adviceOn(message: string): string {
  if (/\((?:DEPTH_ZERO_SELF|SELF)_SIGNED_CERT|\(UNABLE_TO_(?:VERIFY_LEAF|GET_ISSUER)/.test(message))
    return "      Nothing trusted has signed the server's certificate: put its authority (or, if it signed itself, the\n      certificate) into a PEM file that you have checked, and name that under tls.ca.\n"
  if (message.includes('(ERR_TLS_CERT_ALTNAME_INVALID)'))
    return "      The server's certificate is for another name than the host in url.\n"
  return ''
}
