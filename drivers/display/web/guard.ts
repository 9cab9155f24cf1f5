/**
 * Who may talk to the web server. A page of another site may send requests here through the browser of whoever uses this machine,
 * under a name that it has made resolve to this address (DNS rebinding), and may open WebSockets (RFC 6455 section 10.2): so the
 * address must be named as such, the origin must be this server, and the path begins with a secret.
 * @module
 */

/** A secret of 128 bits, as it stands in the path. */
export function newToken(): string {
  return crypto.getRandomValues(new Uint8Array(16)).toHex();
}

const equal = (a: string, b: string): boolean => {
  // As long for a guess that is nearly right as for any other.
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i % Math.max(1, b.length));
  return difference === 0;
};

const ADDRESS = /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\])$/;

/** Whether a Host header names an address, or this very machine, and the server's port. */
export function isOwnHost(host: string | null, port: number, names: readonly string[] = []): boolean {
  if (host === null) return false;
  const found = /^(.*?)(?::(\d+))?$/.exec(host.toLowerCase());
  if (found === null || Number(found[2] ?? 80) !== port) return false;
  return ADDRESS.test(found[1]) || found[1] === "localhost" || names.includes(found[1]);
}

/** What a server tells its guard. */
export interface GuardOptions {
  /** The secret; empty: no secret is asked for. */
  readonly token: string;
  /** The server's port. */
  readonly port: number;
  /** Names besides addresses and "localhost" by which it may be called. */
  readonly names?: readonly string[];
}

/**
 * Looks at a request before anything else does.
 *
 * @returns the path behind the secret, such as "/rfb"; or the answer with which it is refused: 421 for another host, 403 for another
 * origin, 404 for a wrong secret, 405 for what is no GET.
 */
export function admit(request: Request, { token, port, names }: GuardOptions): string | Response {
  const { pathname } = new URL(request.url);
  if (!isOwnHost(request.headers.get("host"), port, names)) return refusal(421, "This server has another name");
  const origin = request.headers.get("origin");
  if (origin !== null && origin !== `http://${request.headers.get("host")}`) {
    return refusal(403, "Requests of other pages are not answered");
  }
  if (request.method !== "GET") return refusal(405, "There is nothing but GET");
  if (token === "") return pathname;
  const [, secret, ...rest] = pathname.split("/");
  if (secret === undefined || !equal(secret, token)) {
    return refusal(404, "There is nothing here: open the address as udrm printed it");
  }
  return `/${rest.join("/")}`;
}

/** Headers of every answer: the page loads nothing from elsewhere, is framed nowhere, and its address goes nowhere. */
export const SAFE_HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "cache-control": "no-cache",
};

/** An answer that says no. */
export function refusal(status: number, text: string): Response {
  return new Response(`${text}\n`, {
    status,
    headers: {
      ...SAFE_HEADERS,
      "content-type": "text/plain; charset=utf-8",
      ...(status === 405 ? { allow: "GET" } : {}),
    },
  });
}
