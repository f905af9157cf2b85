// One session with the TypeScript SDK, version 2. Takes a JSON plan, prints a JSON report.
//   {"url": "...", "headers": {...}, "era": "auto" | "legacy" | "2026-07-28", "calls": [...]}
//   {"command": ["python", "-m", "..."], ...} talks over stdio instead.
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";

const plan = JSON.parse(process.argv[2]);
const mode = ["auto", "legacy"].includes(plan.era) ? plan.era : { pin: plan.era };
const client = new Client(
  { name: "kube-mcp-tests-v2", version: "1" },
  { versionNegotiation: { mode } },
);
const transport = plan.command
  ? new StdioClientTransport({ command: plan.command[0], args: plan.command.slice(1) })
  : new StreamableHTTPClientTransport(new URL(plan.url), {
      requestInit: { headers: plan.headers ?? {} },
    });
await client.connect(transport);

const report = {
  server: client.getServerVersion(),
  protocol: client.getNegotiatedProtocolVersion?.() ?? transport.protocolVersion,
  instructions: client.getInstructions(),
  tools: (await client.listTools()).tools,
  prompts: (await client.listPrompts()).prompts.map((each) => each.name),
  templates: (await client.listResourceTemplates()).resourceTemplates.map(
    (each) => each.uriTemplate,
  ),
  calls: [],
  progress: [],
};
for (const call of plan.calls ?? []) {
  try {
    const result = await client.callTool(call, {
      onprogress: (each) => report.progress.push(each),
    });
    report.calls.push({ name: call.name, isError: result.isError ?? false, content: result.content });
  } catch (error) {
    report.calls.push({ name: call.name, code: error.code, message: error.message });
  }
}
await client.close();
console.log(JSON.stringify(report));
process.exit(0);
