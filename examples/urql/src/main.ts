// urql: reads the inbox, replies, follows what becomes of the reply, and survives a cut of the line.
import { setTimeout as pause } from "node:timers/promises";
import { Client, fetchExchange, subscriptionExchange, type CombinedError, type OperationResult } from "@urql/core";
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

  const first = await send(client, conversationId, "Hello from urql");
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
  console.log(`urql: ${followed.length} events, none missed, none twice`);
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
  const subscriptions = subscriptionExchange({
    forwardSubscription: ({ query = "", variables }) => ({
      subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query, variables }, sink) }),
    }),
  });
  const client = new Client({
    url: endpoint,
    exchanges: [fetchExchange, subscriptions],
    fetchOptions: { headers },
    preferGetMethod: false,
    // urql aborts what it is done with, and Node's fetch may then throw where nobody catches: keep its signal away.
    fetch: (address, init) => fetch(address, { ...init, signal: null }),
  });
  return { client, socket };
}

async function session(): Promise<string> {
  const input = { email: process.env.PARLEY_EMAIL ?? "", password: process.env.PARLEY_PASSWORD ?? "" };
  const { data } = await connect("").client.mutation(signIn, { input });
  return data?.signIn.token ?? fail(JSON.stringify(data?.signIn.userErrors));
}

/** Goes through the list, page by page, for a conversation that can be answered. */
async function look(client: Client) {
  let after: string | null = null;
  let cursor: string | undefined; // of the first page: what happens while we read on is told, too
  do {
    const { data }: OperationResult<InboxQuery> = await client.query(inbox, { after });
    if (!data?.viewer) return fail("a token is needed");
    cursor ??= data.conversations.eventCursor;
    for (const { node } of data.conversations.edges) {
      console.log(`urql: ${node.contact.name} (${node.status})`);
      if (node.viewerCanReply) return { organizationId: data.viewer.organization.id, conversationId: node.id, cursor };
    }
    after = data.conversations.pageInfo.hasNextPage ? data.conversations.pageInfo.endCursor : null;
  } while (after !== null);
  return fail("no conversation can be answered");
}

async function send(client: Client, conversationId: string, text: string): Promise<string> {
  // The key makes it safe to send the same again when the answer is lost.
  const input = { conversationId, text, idempotencyKey: crypto.randomUUID() };
  const { data } = await client.mutation(reply, { input });
  return data?.replyToConversation.message?.id ?? fail(JSON.stringify(data?.replyToConversation.userErrors));
}

/** Hands over every event after a cursor, in order and once each, whatever happens to the line. */
function follow(client: Client, organizationId: string, after: string, handle: (event: Event) => void): () => void {
  let failures = 0;
  let stopped = false;
  const open = () =>
    client.subscription(events, { organizationId, after }).subscribe(({ data, error }) => {
      if (error) return void lost(error);
      if (!data) return;
      failures = 0;
      handle(data.inboxEvents);
      after = data.inboxEvents.cursor; // only now: what was not handled is asked for again
    });
  const lost = async (error: CombinedError) => {
    // CURSOR_EXPIRED asks to load the lists again, ACCESS_REVOKED to sign in again: asking again changes nothing.
    if (error.graphQLErrors.length > 0 || ++failures > 8) return fail(`the stream ended: ${error}`);
    console.log(`urql: ${error}: again after ${after}`);
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
      console.log(`urql: ${ending}`);
      return lines.slice(0, at + 1);
    },
  };
}

function fail(why: string): never {
  console.error(`urql: ${why}`);
  process.exit(1);
}
