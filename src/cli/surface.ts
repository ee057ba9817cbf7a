import type { Agent } from '../agents/agent.ts'
import type { Gate } from '../gate/gate.ts'
import type { Call } from '../gate/invoke.ts'
import { type Surface, toTool } from '../server/mcp.ts'

/** What one agent sees of a gate over one transport: its tools, and calls that go through the gate as its own. */
export function surfaceFor(gate: Gate, agent: Agent, transport: Call['transport'], version: string): Surface {
  return {
    version,
    tools: gate.offersFor(agent).map(toTool),
    call: (mcpTool, args, { signal, trace }) => gate.invoke({ agent, mcpTool, args, transport, trace, signal }),
  }
}
