// What the harness needs to find: two organizations, people in several roles, conversations, and tokens of every kind.
import { execFileSync } from 'node:child_process';
import { startServer, binary } from './server.mjs';

const whatsapp = '106540352242922'; // the demo's number

/** Asks the API; errors of any kind end the run. */
export async function ask(origin, token, query, variables) {
  const response = await fetch(`${origin}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
    body: JSON.stringify({ query, variables }),
  });
  const answer = await response.json();
  const refused = answer.errors ?? Object.values(answer.data).flatMap((field) => field?.userErrors ?? []);
  if (refused.length > 0) throw new Error(`${query}: ${JSON.stringify(refused)}`);
  return answer.data;
}

const signIn = async (origin, email, password) =>
  (await ask(origin, null, 'mutation ($i: SignInInput!) { signIn(input: $i) { token userErrors { code message } } }', { i: { email, password } })).signIn.token;

const createToken = async (origin, session, input) =>
  (await ask(origin, session, 'mutation ($i: CreateApiTokenInput!) { createApiToken(input: $i) { secret apiToken { id } userErrors { code message } } }', { i: input })).createApiToken;

/** A token that ends after so many milliseconds. */
export async function issueShortToken(origin, session, lasts) {
  const expiresAt = new Date(Date.now() + lasts).toISOString();
  return (await createToken(origin, session, { name: 'short', expiresAt })).secret;
}

/** Builds the world on a server of its own and stops it again: it is all in the database. */
export async function buildWorld(place) {
  const first = await startServer(place);
  const password = /password (\S+)/.exec(first.printed)[1];
  await first.stop();
  const found = execFileSync(binary, ['found', 'Neighbour', 'nora@neighbour.example', 'ENTERPRISE'], { env: place.env, encoding: 'utf8' });

  const server = await startServer(place);
  try {
    const names = await people(place, password, /password: (\S+)/.exec(found)[1]);
    return { ...names, ...(await conversations(place, names.main)) };
  } finally {
    await server.stop();
  }
}

async function people({ origin }, password, neighbours) {
  const session = await signIn(origin, 'olivia@demo.example', password);
  const olivia = (input) => createToken(origin, session, input);
  const revoked = await olivia({ name: 'revoked' });
  await ask(origin, session, 'mutation ($i: RevokeApiTokenInput!) { revokeApiToken(input: $i) { userErrors { code message } } }', { i: { apiTokenId: revoked.apiToken.id } });
  const tokenOf = async (email, input, word = password) => (await createToken(origin, await signIn(origin, email, word), input)).secret;
  return {
    session,
    main: (await olivia({ name: 'main' })).secret,
    other: await tokenOf('nora@neighbour.example', { name: 'other' }, neighbours),
    viewer: await tokenOf('vera@demo.example', { name: 'viewer' }),
    agent: await tokenOf('anna@demo.example', { name: 'agent' }),
    burst: await tokenOf('ben@demo.example', { name: 'burst' }),
    reading: (await olivia({ name: 'reading', scopes: ['READ'] })).secret,
    trusted: await tokenOf('adam@demo.example', { name: 'trusted', trustedDocumentsOnly: true }),
    expired: await issueShortToken(origin, session, 1000), // it has by the time the harness begins
    revoked: revoked.secret,
  };
}

async function conversations({ origin, simulator }, token) {
  const write = async (customer, text) => {
    const response = await fetch(`${simulator}/simulator/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ account: whatsapp, customer, text }),
    });
    if (!response.ok) throw new Error(`the customer could not write: ${response.status} ${await response.text()}`);
  };
  const talker = { id: '493023125001', name: 'Erika Lindner' };
  const silent = { id: '493023125002', name: 'Otto Still' };
  const { organization } = (await ask(origin, token, '{ viewer { organization { id eventCursor } user { id } } }')).viewer;
  for (const text of ['one', 'two', 'three']) await write(silent, text);
  await write(talker, 'Hello?');
  const { conversations: page } = await ask(origin, token,
    '{ conversations(first: 2) { edges { node { id channel { id } contact { id } lastMessage { id } identity { name } } } } }');
  const of = (person) => page.edges.map((e) => e.node).find((c) => c.identity.name === person.name);
  const { memberships } = await ask(origin, token, '{ memberships { user { id email } } }');
  return {
    organization: organization.id,
    begin: organization.eventCursor,
    conversation: of(talker).id,
    quiet: of(silent).id,
    message: of(talker).lastMessage.id,
    channel: of(talker).channel.id,
    contact: of(talker).contact.id,
    user: memberships.find((m) => m.user.email === 'anna@demo.example').user.id,
  };
}
