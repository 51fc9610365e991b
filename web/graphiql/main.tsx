import "./workers";
import "@graphiql/react/style.css";
import "@graphiql/plugin-doc-explorer/style.css";
import "@graphiql/plugin-history/style.css";
import "graphiql/graphiql.css";
import "./main.css";
import type { TabsState } from "@graphiql/react";
import { GraphiQL } from "graphiql";
import { createRoot } from "react-dom/client";
import { examples } from "./examples";
import { fetcher } from "./fetcher";
import { authorization, openSession, rememberToken, tokenIn, type Session } from "./session";

// A link pasted into an open page changes only its fragment.
window.addEventListener("hashchange", () => location.reload());

createRoot(document.getElementById("root")!).render(<Page session={openSession()} />);

type Tab = Pick<TabsState["tabs"][number], "query" | "variables" | "headers">;

function Page({ session }: { session: Session }) {
  const known = session.token !== "";
  const headers = known ? pretty(authorization(session.token)) : null;
  const tabs: Tab[] = examples(session.organization).map(({ query, variables }) => ({
    query,
    variables: pretty(variables),
    headers,
  }));
  return (
    <>
      {!known && <Hint />}
      <GraphiQL
        fetcher={fetcher}
        storage={sessionStorage}
        shouldPersistHeaders
        showPersistHeadersSettings={false}
        defaultTabs={tabs}
        defaultHeaders={headers ?? undefined}
        defaultEditorToolsVisibility={known ? "variables" : "headers"}
        onEditHeaders={keepToken}
        {...activeTab(tabs)}
      >
        <GraphiQL.Logo>Parley</GraphiQL.Logo>
      </GraphiQL>
    </>
  );
}

function Hint() {
  return (
    <p className="hint">
      No token yet: open this page as <code>/#token=…&amp;organization=…</code> or write{" "}
      <code>{'{"Authorization": "Bearer …"}'}</code> under Headers and reload.
    </p>
  );
}

// GraphiQL fills its editors from the first default tab only in part, and after a reload adds a tab when
// editors and tabs disagree: tell it what the active tab holds.
function activeTab(defaults: Tab[]) {
  const stored: TabsState | null = JSON.parse(sessionStorage.getItem("graphiql:tabState") ?? "null");
  const tab = stored?.tabs[stored.activeTabIndex] ?? defaults[0];
  return {
    initialQuery: tab.query ?? "",
    initialVariables: tab.variables ?? "",
    initialHeaders: tab.headers ?? "",
  };
}

function keepToken(headers: string) {
  const token = tokenIn(headers);
  if (token !== undefined) {
    rememberToken(token);
  }
}

function pretty(value: unknown): string {
  return JSON.stringify(value, null, 2);
}
