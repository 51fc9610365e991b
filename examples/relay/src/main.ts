// Relay: reads the inbox, replies, follows what becomes of the reply, and survives a cut of the line.
import { setTimeout as pause } from "node:timers/promises";
import {
  commitMutation,
  createOperationDescriptor,
  fetchQuery,
  getFragment,
  getRequest,
  getSelector,
  requestSubscription,
  type GraphQLTaggedNode,
  type MutationParameters,
} from "relay-runtime";
import { connect, enterTunnel, Refusal, type Connection } from "./network";
import nextPage, { type operationsNextPageQuery } from "./__generated__/operationsNextPageQuery.graphql";
import type { operationsEventsSubscription } from "./__generated__/operationsEventsSubscription.graphql";
import type { operationsInboxQuery } from "./__generated__/operationsInboxQuery.graphql";
import type { operationsList_query$data } from "./__generated__/operationsList_query.graphql";
import type { operationsReplyMutation } from "./__generated__/operationsReplyMutation.graphql";
import type { operationsSignInMutation } from "./__generated__/operationsSignInMutation.graphql";
import { events, inbox, list, reply, signIn } from "./operations";

type Event = operationsEventsSubscription["response"]["inboxEvents"];

setTimeout(() => fail("nothing more happened for a minute"), 60_000).unref();
void main();

async function main(): Promise<void> {
  const line = connect(process.env.PARLEY_TOKEN ?? (await session()));
  const { organizationId, conversationId, cursor } = await look(line);
  const log = journal();
  const stop = follow(line, organizationId, cursor, log.write);

  const first = await send(line, conversationId, "Hello from Relay");
  await log.upTo(`DELIVERED ${first}`);
  const leave = enterTunnel();
  line.socket.terminate();
  const second = await send(line, conversationId, "Sent while the line was cut");
  leave();
  const followed = await log.upTo(`DELIVERED ${second}`);
  stop();

  const replay = journal();
  const end = follow(line, organizationId, cursor, replay.write);
  const happened = await replay.upTo(`DELIVERED ${second}`);
  end();
  if (followed.join() !== happened.join()) fail(`followed ${followed}, but what happened is ${happened}`);
  console.log(`relay: ${followed.length} events, none missed, none twice`);
  await line.socket.dispose();
}

async function session(): Promise<string> {
  const input = { email: process.env.PARLEY_EMAIL ?? "", password: process.env.PARLEY_PASSWORD ?? "" };
  const { signIn: answer } = await mutate<operationsSignInMutation>(connect(""), signIn, { input });
  return answer.token ?? fail(JSON.stringify(answer.userErrors));
}

/** Goes through the list, a page of one at a time, for a conversation that can be answered. The store has all it has read. */
async function look({ environment }: Connection) {
  const first = await fetchQuery<operationsInboxQuery>(environment, inbox, {}).toPromise();
  if (!first?.viewer) return fail("a token is needed");
  environment.retain(createOperationDescriptor(getRequest(inbox), {})); // what nobody holds is forgotten
  const read = () => {
    const selector = getSelector(getFragment(list), first);
    if (selector?.kind !== "SingularReaderSelector") return fail("the list is not in the store");
    return (environment.lookup(selector).data as unknown as operationsList_query$data).conversations;
  };
  const cursor = read().eventCursor; // of the first page: what happens while we read on is told, too
  for (let page = read(); ; page = read()) {
    const newest = page.edges.at(-1)?.node;
    if (newest) console.log(`relay: ${newest.contact.name} (${newest.status})`);
    if (newest?.viewerCanReply) return { organizationId: first.viewer.organization.id, conversationId: newest.id, cursor };
    if (!page.pageInfo.hasNextPage) return fail("no conversation can be answered");
    const variables = { count: 1, cursor: page.pageInfo.endCursor };
    await fetchQuery<operationsNextPageQuery>(environment, nextPage, variables).toPromise();
  }
}

async function send(line: Connection, conversationId: string, text: string): Promise<string> {
  // The key makes it safe to send the same again when the answer is lost.
  const input = { conversationId, text, idempotencyKey: crypto.randomUUID() };
  const { replyToConversation: answer } = await mutate<operationsReplyMutation>(line, reply, { input });
  return answer.message?.id ?? fail(JSON.stringify(answer.userErrors));
}

function mutate<T extends MutationParameters>({ environment }: Connection, mutation: GraphQLTaggedNode, variables: T["variables"]): Promise<T["response"]> {
  return new Promise((done, failed) =>
    commitMutation<T>(environment, { mutation, variables, onCompleted: (response) => done(response), onError: failed }),
  );
}

/** Hands over every event after a cursor, in order and once each, whatever happens to the line. */
function follow({ environment }: Connection, organizationId: string, after: string, handle: (event: Event) => void): () => void {
  let failures = 0;
  let stopped = false;
  const open = () =>
    requestSubscription<operationsEventsSubscription>(environment, {
      subscription: events,
      variables: { organizationId, after },
      onNext: (data) => {
        if (!data?.inboxEvents.cursor) return;
        failures = 0;
        handle(data.inboxEvents);
        after = data.inboxEvents.cursor; // only now: what was not handled is asked for again
      },
      onError: (error) => void lost(error),
    });
  const lost = async (error: Error) => {
    // CURSOR_EXPIRED asks to load the lists again, ACCESS_REVOKED to sign in again: asking again changes nothing.
    if (error instanceof Refusal || ++failures > 8) return fail(`the stream ended: ${error}`);
    console.log(`relay: ${error}: again after ${after}`);
    await pause(Math.random() * 2 ** failures * 100);
    if (!stopped) subscription = open();
  };
  let subscription = open();
  return () => {
    stopped = true;
    subscription.dispose();
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
      console.log(`relay: ${ending}`);
      return lines.slice(0, at + 1);
    },
  };
}

function fail(why: string): never {
  console.error(`relay: ${why}`);
  process.exit(1);
}
