// A second real provider: npm's oidc-provider, which marks access tokens (at+jwt), signs with
// elliptic curves and gives opaque tokens. Settings come as one JSON argument:
//   port, client_id, client_secret, redirect_uri, key ("key-1"…), tokens: {<resource>: format}
// where a format is "RS256", "ES256" or "opaque". Prints one line when it listens.
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const settings = JSON.parse(process.argv[2]);
const require = createRequire(join(settings.modules, 'here.js'));
const { default: Provider } = await import(require.resolve('oidc-provider'));

// Keys outlive a restart under their name, so that a restart with another name is a rotation.
function keys(name) {
  const file = join(settings.folder, `${name}.json`);
  if (!existsSync(file)) {
    const pairs = [
      ['RS256', generateKeyPairSync('rsa', { modulusLength: 2048 })],
      ['ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' })],
    ];
    const jwks = pairs.map(([alg, pair]) => ({
      ...pair.privateKey.export({ format: 'jwk' }), kid: `${name}-${alg}`, alg, use: 'sig',
    }));
    writeFileSync(file, JSON.stringify(jwks));
  }
  return JSON.parse(readFileSync(file, 'utf8'));
}

const issuer = `http://127.0.0.1:${settings.port}`;
const scope = 'openid profile email offline_access';
const provider = new Provider(issuer, {
  clients: [{
    client_id: settings.client_id,
    client_secret: settings.client_secret,
    redirect_uris: [settings.redirect_uri],
    grant_types: ['authorization_code', 'refresh_token'],
  }],
  jwks: { keys: keys(settings.key) },
  cookies: { keys: ['only for tests'] },
  scopes: scope.split(' '),
  pkce: { required: () => true },
  findAccount: async (ctx, id) => ({
    accountId: id,
    claims: async () => ({ sub: id, groups: ['kubernetes-mcp-users'] }),
  }),
  extraTokenClaims: async () => ({ groups: ['kubernetes-mcp-users'] }),
  issueRefreshToken: async () => true,
  features: {
    devInteractions: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      useGrantedResource: () => true,
      getResourceServerInfo: (ctx, resource) => {
        const format = settings.tokens[resource];
        if (!format) throw new Error(`unknown resource ${resource}`);
        if (format === 'opaque') return { scope, audience: resource, accessTokenFormat: 'opaque' };
        return {
          scope, audience: resource, accessTokenFormat: 'jwt', jwt: { sign: { alg: format } },
        };
      },
    },
  },
});
provider.listen(settings.port, '127.0.0.1', () => console.log('listening'));
