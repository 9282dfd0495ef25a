// Talks to the server; a refusal becomes a Refusal with a sentence for people, the seconds it holds and the fields it is about where those are told.
import { signedOut } from "./leaving.js";

const PATIENCE = 20_000;
// It may have been done all the same: only its answer may be what was lost.
const UNANSWERED = "The server did not answer; look whether it was done, then try again.";
const csrf = document.querySelector('meta[name="csrf"]')?.content ?? "";

export class Refusal extends Error {
  constructor(status, detail, seconds = 0, places = []) {
    super(detail);
    this.status = status;
    this.seconds = seconds;
    this.places = places;
  }
}

export async function ask(method, path, options = {}) {
  return (await exchange(method, path, options)).body;
}

// As `ask`, with the ETag's version and the status. `key` names a request that must not count twice.
export async function exchange(method, path, { body, version, key } = {}) {
  const headers = { Accept: "application/json", "X-CSRF-Token": csrf };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (version !== undefined) headers["If-Match"] = `"${version}"`;
  if (key !== undefined) headers["Idempotency-Key"] = key;
  const answer = await reach(path, { method, headers, body: body && JSON.stringify(body) });
  const etag = answer.headers.get("ETag")?.replace(/^W\//, "").replaceAll('"', "");
  const told = answer.status === 204 ? {} : await whole(answer.json());
  return { body: told, version: etag, status: answer.status };
}

export async function fragment(path) {
  const answer = await reach(path, { headers: { Accept: "text/x-fragment" } });
  const page = new DOMParser().parseFromString(await whole(answer.text()), "text/html");
  return page.body;
}

async function reach(path, options) {
  // What changes something is waited for; what is read is asked for again soon enough.
  const isRead = (options.method ?? "GET") === "GET";
  const signal = isRead ? AbortSignal.timeout(PATIENCE) : undefined;
  let answer;
  try {
    answer = await fetch(path, { ...options, signal, credentials: "same-origin" });
  } catch {
    throw new Refusal(0, isRead ? "The server cannot be reached; try again." : UNANSWERED);
  }
  if (answer.ok) return answer;
  if (answer.status === 401) signedOut();
  const problem = await answer.json().catch(() => ({}));
  const seconds = Number(answer.headers.get("Retry-After")) || 0;
  throw new Refusal(answer.status, problem.detail ?? "Something went wrong; try again.", seconds, problem.errors ?? []);
}

async function whole(reading) {
  try {
    return await reading;
  } catch {
    throw new Refusal(0, "The server's answer broke off; look whether it was done, then try again.");
  }
}
