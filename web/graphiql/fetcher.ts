import type { Fetcher, FetcherParams, Observable } from "@graphiql/toolkit";
import { getOperationAST, GraphQLError, type ExecutionResult } from "graphql";
import { createClient } from "graphql-ws";
import { authorization, remembered } from "./session";

type Headers = Record<string, string>;

const endpoint = new URL("/graphql", location.href);

/** Sends queries and mutations by POST, subscriptions over graphql-transport-ws, both to our own origin. */
export const fetcher: Fetcher = (params, options) => {
  // GraphiQL asks for the schema before its headers editor exists.
  const headers: Headers = options?.headers ?? authorization(remembered().token);
  const operation = options?.documentAST && getOperationAST(options.documentAST, params.operationName);
  return operation?.operation === "subscription" ? subscribe(params, headers) : post(params, headers);
};

async function post(params: FetcherParams, headers: Headers): Promise<ExecutionResult> {
  const response = await fetch(endpoint, {
    method: "POST",
    headers: {
      Accept: "application/graphql-response+json, application/json",
      "Content-Type": "application/json",
      ...headers,
    },
    body: JSON.stringify(params),
  });
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    return { errors: [new GraphQLError(`${response.status} ${response.statusText}: ${text.slice(0, 500)}`)] };
  }
}

interface Sink {
  next(result: ExecutionResult): void;
  error(reason: unknown): void;
  complete(): void;
}

// An observable, not an iterator: stopping must not wait for the next event.
function subscribe(params: FetcherParams, connectionParams: Headers): Observable<ExecutionResult> {
  const open = (sink: Sink) => {
    const client = createClient({
      url: endpoint.href.replace(/^http/, "ws"),
      connectionParams,
      // Reconnecting silently would hide a gap: show why the socket closed instead.
      retryAttempts: 0,
    });
    const unsubscribe = client.subscribe<Record<string, unknown>>(
      { query: params.query, operationName: params.operationName, variables: params.variables },
      {
        next: (result) => sink.next(result as ExecutionResult),
        error: (reason) => sink.error(readable(reason)),
        complete: () => sink.complete(),
      },
    );
    return { unsubscribe };
  };
  return { subscribe: open as Observable<ExecutionResult>["subscribe"] };
}

// GraphiQL prints what it is given: an event would be empty, an error would bring its stack.
function readable(reason: unknown): unknown {
  if (reason instanceof CloseEvent) {
    return { message: `The socket closed: ${reason.code} ${reason.reason}` };
  }
  if (reason instanceof Event) {
    return { message: "The socket could not be opened." };
  }
  return reason instanceof Error ? { message: reason.message } : reason;
}
