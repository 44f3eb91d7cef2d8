// A real OpenID Connect provider on loopback: oidc-provider (certified, MIT), with its own sign-in pages.
// Usage: node provider.mjs CALLBACK_URL; prints its issuer, ends with its standard input.
import { createServer } from "node:http";
import { Provider } from "oidc-provider";

const server = createServer((request, response) => handle(request, response));
let handle = (_, response) => response.end();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id: "wence", client_secret: "secret of the tests only", redirect_uris: [process.argv[2]], response_types: ["code"], grant_types: ["authorization_code"] }],
    pkce: { required: () => true },
    claims: { openid: ["sub"], profile: ["preferred_username", "role"], email: ["email", "email_verified"] },
    conformIdTokenClaims: false,
    cookies: { keys: ["of the tests only"] },
    // Whoever signs in as "zhang.san/editor" is called zhang.san, is an editor, and always has the same subject.
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => { const [name, role] = id.split("/"); return { sub: `subject-${id}`, preferred_username: name, role: role ? [role] : [], email: `${name}@id.example`, email_verified: role !== "unverified" }; },
    }),
  });
  handle = provider.callback();
  console.log(issuer);
});
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
