// Apollo Client 4: reads the inbox, replies, follows what becomes of the reply, and survives a cut of the line.
import { setTimeout as pause } from "node:timers/promises";
import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache } from "@apollo/client";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { OperationTypeNode } from "graphql";
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import { events, inbox, reply, signIn } from "./documents.js";
import type { EventsSubscription, InboxQuery } from "./gql/graphql.js";

type Event = EventsSubscription["inboxEvents"];

const endpoint = `${process.env.PARLEY_URL ?? "http://127.0.0.1:8080"}/graphql`;
let tunnel = Promise.resolve(); // while we are in one, nothing connects

setTimeout(() => fail("nothing more happened for a minute"), 60_000).unref();
await main();

async function main(): Promise<void> {
  const { client, socket } = connect(process.env.PARLEY_TOKEN ?? (await session()));
  const { organizationId, conversationId, cursor } = await look(client);
  const log = journal();
  const stop = follow(client, organizationId, cursor, log.write);

  const first = await send(client, conversationId, "Hello from Apollo");
  await log.upTo(`DELIVERED ${first}`);
  let leave = () => {};
  tunnel = new Promise((done) => (leave = done));
  socket.terminate();
  const second = await send(client, conversationId, "Sent while the line was cut");
  leave();
  const followed = await log.upTo(`DELIVERED ${second}`);
  stop();

  const replay = journal();
  const end = follow(client, organizationId, cursor, replay.write);
  const happened = await replay.upTo(`DELIVERED ${second}`);
  end();
  if (followed.join() !== happened.join()) fail(`followed ${followed}, but what happened is ${happened}`);
  console.log(`apollo: ${followed.length} events, none missed, none twice`);
  await socket.dispose();
}

/** Queries and mutations go by HTTP, subscriptions over one socket. */
function connect(token: string) {
  const headers: Record<string, string> = token === "" ? {} : { Authorization: `Bearer ${token}` };
  const socket = createClient({
    url: () => tunnel.then(() => endpoint.replace(/^http/, "ws")),
    webSocketImpl: WebSocket,
    connectionParams: headers,
    retryAttempts: 0, // it would ask again with the old cursor: follow asks with the newest
  });
  const link = ApolloLink.split(
    ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
    new GraphQLWsLink(socket),
    new HttpLink({ uri: endpoint, headers }),
  );
  return { client: new ApolloClient({ link, cache: new InMemoryCache() }), socket };
}

async function session(): Promise<string> {
  const input = { email: process.env.PARLEY_EMAIL ?? "", password: process.env.PARLEY_PASSWORD ?? "" };
  const { data } = await connect("").client.mutate({ mutation: signIn, variables: { input } });
  return data?.signIn.token ?? fail(JSON.stringify(data?.signIn.userErrors));
}

/** Goes through the list, page by page, for a conversation that can be answered. */
async function look(client: ApolloClient) {
  let after: string | null = null;
  let cursor: string | undefined; // of the first page: what happens while we read on is told, too
  do {
    const { data }: ApolloClient.QueryResult<InboxQuery> = await client.query({ query: inbox, variables: { after } });
    if (!data?.viewer) return fail("a token is needed");
    cursor ??= data.conversations.eventCursor;
    for (const { node } of data.conversations.edges) {
      console.log(`apollo: ${node.contact.name} (${node.status})`);
      if (node.viewerCanReply) return { organizationId: data.viewer.organization.id, conversationId: node.id, cursor };
    }
    after = data.conversations.pageInfo.hasNextPage ? data.conversations.pageInfo.endCursor : null;
  } while (after !== null);
  return fail("no conversation can be answered");
}

async function send(client: ApolloClient, conversationId: string, text: string): Promise<string> {
  // The key makes it safe to send the same again when the answer is lost.
  const input = { conversationId, text, idempotencyKey: crypto.randomUUID() };
  const { data } = await client.mutate({ mutation: reply, variables: { input } });
  return data?.replyToConversation.message?.id ?? fail(JSON.stringify(data?.replyToConversation.userErrors));
}

/** Hands over every event after a cursor, in order and once each, whatever happens to the line. */
function follow(client: ApolloClient, organizationId: string, after: string, handle: (event: Event) => void): () => void {
  let failures = 0;
  let stopped = false;
  const open = () =>
    client.subscribe({ query: events, variables: { organizationId, after }, fetchPolicy: "no-cache" }).subscribe({
      next: ({ data, error }) => {
        if (error) return void lost(error);
        if (!data) return;
        failures = 0;
        handle(data.inboxEvents);
        after = data.inboxEvents.cursor; // only now: what was not handled is asked for again
      },
    });
  const lost = async (error: unknown) => {
    // CURSOR_EXPIRED asks to load the lists again, ACCESS_REVOKED to sign in again: asking again changes nothing.
    if (CombinedGraphQLErrors.is(error) || ++failures > 8) return fail(`the stream ended: ${error}`);
    console.log(`apollo: ${error}: again after ${after}`);
    await pause(Math.random() * 2 ** failures * 100);
    if (!stopped) subscription = open();
  };
  let subscription = open();
  return () => {
    stopped = true;
    subscription.unsubscribe();
  };
}

/** What was seen, and a way to wait for a line that ends in something: all lines up to it. */
function journal() {
  const lines: string[] = [];
  let wake = () => {};
  return {
    write: (event: Event) => {
      // A newer server may send types this program does not know: they are kept by their name.
      const news = event.__typename === "MessageDeliveryChanged" ? `${event.status} ${event.message?.id}` : event.__typename;
      lines.push(`${event.cursor} ${news}`);
      wake();
    },
    upTo: async (ending: string) => {
      let at = -1;
      while ((at = lines.findIndex((line) => line.endsWith(ending))) < 0) await new Promise<void>((done) => (wake = done));
      console.log(`apollo: ${ending}`);
      return lines.slice(0, at + 1);
    },
  };
}

function fail(why: string): never {
  console.error(`apollo: ${why}`);
  process.exit(1);
}
