/** Who is asking: lives as long as the browser tab, is never sent with a page address. */
export interface Session {
  token: string;
  organization: string;
}

const tokenKey = "parley.token";
const organizationKey = "parley.organization";

/**
 * Reads `#token=…&organization=…`, remembers it for this browser tab and removes it from the address bar.
 * A link for someone else starts over: nothing of the previous visitor stays in the tab.
 */
export function openSession(): Session {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const before = remembered();
  const now = {
    token: fragment.get("token") ?? before.token,
    organization: fragment.get("organization") ?? before.organization,
  };
  if (now.token !== before.token || now.organization !== before.organization) {
    sessionStorage.clear();
    rememberToken(now.token);
    sessionStorage.setItem(organizationKey, now.organization);
  }
  if (location.hash !== "") {
    history.replaceState(null, "", location.pathname + location.search);
  }
  return now;
}

/** The session as the last call of openSession or rememberToken left it. */
export function remembered(): Session {
  return {
    token: sessionStorage.getItem(tokenKey) ?? "",
    organization: sessionStorage.getItem(organizationKey) ?? "",
  };
}

/** Keeps a token for the next load of the page. */
export function rememberToken(token: string): void {
  sessionStorage.setItem(tokenKey, token);
}

/** What the headers editor shows for a token. */
export function authorization(token: string): Record<string, string> {
  return token === "" ? {} : { Authorization: `Bearer ${token}` };
}

/** The bearer token of an edited headers text, or nothing while the text is not finished. */
export function tokenIn(headers: string): string | undefined {
  return /"authorization"\s*:\s*"bearer ([^"\s]+)"/i.exec(headers)?.[1];
}
