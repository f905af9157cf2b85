// A TypeScript SDK's own OAuth client, with a person at its browser. One JSON argument:
//   modules, package ("sdk" 1.x or "client" 2.x), url, client_id, client_secret, redirect_uri,
//   name, password, forgets_refresh_tokens (as with a provider that gives none).
// Reads calls as JSON lines ({"tool", "arguments"}) on standard input until it ends, and answers
// each with a line that says what came, which scopes the person was asked for so far.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const settings = JSON.parse(process.argv[2]);
const require = createRequire(join(settings.modules, 'here.js'));
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const { Client, StreamableHTTPClientTransport, UnauthorizedError } = settings.package === 'sdk'
  ? Object.assign(
    {},
    await load('@modelcontextprotocol/sdk/client/index.js'),
    await load('@modelcontextprotocol/sdk/client/streamableHttp.js'),
    await load('@modelcontextprotocol/sdk/client/auth.js'),
  )
  : await load('@modelcontextprotocol/client');


let tokens, verifier, wentTo;
const signIns = [];
const provider = {
  redirectUrl: settings.redirect_uri,
  clientMetadata: {
    client_name: 'test', redirect_uris: [settings.redirect_uri],
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: 'client_secret_basic',
  },
  clientInformation: () => ({
    client_id: settings.client_id, client_secret: settings.client_secret,
    redirect_uris: [settings.redirect_uri], token_endpoint_auth_method: 'client_secret_basic',
  }),
  saveClientInformation: () => {},
  tokens: () => tokens,
  saveTokens: ({ refresh_token, ...found }) => {
    tokens = settings.forgets_refresh_tokens ? found : { ...found, refresh_token };
  },
  saveCodeVerifier: (found) => { verifier = found; },
  codeVerifier: () => verifier,
  redirectToAuthorization: async (url) => {
    signIns.push(url.searchParams.get('scope'));
    const form = new URLSearchParams({ username: settings.name, password: settings.password });
    const answer = await fetch(url, { method: 'POST', body: form, redirect: 'manual' });
    wentTo = new URL(answer.headers.get('location'));
  },
};

let client, transport;
async function connect() {
  client = new Client({ name: 'typescript-test', version: '1' });
  transport = new StreamableHTTPClientTransport(new URL(settings.url), { authProvider: provider });
  await client.connect(transport);
}

// What every host of these SDKs does: try, send the person to the browser, finish, try again.
async function attempt(work) {
  try {
    return await work();
  } catch (problem) {
    if (!(problem instanceof UnauthorizedError)) throw problem;
    await transport.finishAuth(wentTo.searchParams.get('code'));
    await connect();
    return await work();
  }
}

try {
  await connect();
} catch (problem) {
  if (!(problem instanceof UnauthorizedError)) throw problem;
  await transport.finishAuth(wentTo.searchParams.get('code'));
  await connect();
}
for await (const line of createInterface({ input: process.stdin })) {
  const { tool, arguments: args } = JSON.parse(line);
  const result = await attempt(() => client.callTool({ name: tool, arguments: args }));
  console.log(JSON.stringify({
    text: result.content[0].text, signIns,
  }));
}
process.exit(0);
