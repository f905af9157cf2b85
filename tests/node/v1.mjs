// One session with the TypeScript SDK, version 1, which knows no revision after 2025-11-25.
// Takes the same JSON plan as v2.mjs and prints the same report.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const plan = JSON.parse(process.argv[2]);
const client = new Client({ name: "kube-mcp-tests-v1", version: "1" });
const transport = plan.command
  ? new StdioClientTransport({ command: plan.command[0], args: plan.command.slice(1) })
  : new StreamableHTTPClientTransport(new URL(plan.url), {
      requestInit: { headers: plan.headers ?? {} },
    });
await client.connect(transport);

const report = {
  server: client.getServerVersion(),
  protocol: transport.protocolVersion,
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
    const result = await client.callTool(call, undefined, {
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
