import { createClient } from "graphql-ws";
import {
  Environment,
  Network,
  Observable,
  RecordSource,
  Store,
  type FetchFunction,
  type GraphQLResponse,
  type SubscribeFunction,
} from "relay-runtime";
import WebSocket from "ws";

const endpoint = `${process.env.PARLEY_URL ?? "http://127.0.0.1:8080"}/graphql`;
let tunnel = Promise.resolve(); // while we are in one, nothing connects

export type Connection = ReturnType<typeof connect>;

/** What the server said when it ended a stream; anything else that ends one is the line's. */
export class Refusal extends Error {}

/** Queries and mutations go by HTTP, subscriptions over one socket. */
export function connect(token: string) {
  const headers: Record<string, string> = token === "" ? {} : { Authorization: `Bearer ${token}` };
  const socket = createClient({
    url: () => tunnel.then(() => endpoint.replace(/^http/, "ws")),
    webSocketImpl: WebSocket,
    connectionParams: headers,
    retryAttempts: 0, // it would ask again with the old cursor: whoever follows asks with the newest
  });
  const post: FetchFunction = async ({ text: query }, variables) => {
    const body = JSON.stringify({ query, variables });
    const response = await fetch(endpoint, { method: "POST", headers: { ...headers, "Content-Type": "application/json" }, body });
    return (await response.json()) as GraphQLResponse;
  };
  const subscribe: SubscribeFunction = ({ text }, variables) =>
    Observable.create((sink) =>
      socket.subscribe<Record<string, unknown>>(
        { query: text ?? "", variables },
        {
          next: (answer) => sink.next(answer as GraphQLResponse),
          error: (reason) => sink.error(Array.isArray(reason) ? new Refusal(JSON.stringify(reason)) : (reason as Error)),
          complete: () => sink.complete(),
        },
      ),
    );
  return { environment: new Environment({ network: Network.create(post, subscribe), store: new Store(new RecordSource()) }), socket };
}

/** Keeps every new socket waiting until the returned function is called. */
export function enterTunnel(): () => void {
  let leave = () => {};
  tunnel = new Promise((done) => (leave = done));
  return leave;
}
