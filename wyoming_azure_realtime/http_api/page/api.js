// The service's routes: answers as JSON within a deadline, failures as sentences, and the stream of what happens.

import { t } from "./texts.js";

export const BASE = "api/speech-realtime/";
const DEADLINE = 20; // seconds

/** A request that failed. `message`: a sentence for people; `code`: stable, from the service; empty if it did not say. */
export class Failure extends Error {
  constructor(message, code = "", status = 0) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/**
 * The response of a route below `BASE`, whose head must come within `wait` seconds. Throws `Failure` unless it is a success,
 * and an `AbortError` if `signal` gave it up.
 */
export async function send(path, { wait = DEADLINE, signal, ...options } = {}) {
  const end = new AbortController();
  const late = setTimeout(() => end.abort(), wait * 1000);
  signal?.addEventListener("abort", () => end.abort());
  let answer;
  try {
    answer = await fetch(BASE + path, { ...options, signal: end.signal });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Failure(t(end.signal.aborted ? "failure.late" : "failure.unreachable"));
  } finally {
    clearTimeout(late);
  }
  if (answer.ok) return answer;
  if (answer.status === 401) location.replace("login");
  const told = await answer.json().catch(() => ({})); // a proxy's own answer is no JSON
  throw new Failure(told.detail || t("failure.status", { status: answer.status }), told.code ?? "", answer.status);
}

/** A JSON answer. */
export const get = async (path) => (await send(path, { headers: { Accept: "application/json" } })).json();

/** A JSON answer to a change. */
export async function change(method, path, body = {}) {
  const answer = await send(path, { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  return answer.json().catch(() => ({}));
}

/**
 * The server-sent events of the turns, for as long as the page is looked at.
 *
 * `hear(name, data)` gets each; `state(live)` is told whether they come. A connection that the server refuses or drops is
 * tried again after 1 s, then twice as long each time, at most 30 s.
 */
export class Live {
  constructor(hear, state) {
    this.hear = hear;
    this.state = state;
    this.pause = 1;
    this.timer = 0;
    this.source = null;
    document.addEventListener("visibilitychange", () => (document.hidden ? this.rest() : this.begin()));
    addEventListener("pagehide", () => this.stop());
    addEventListener("pageshow", () => this.begin());
    this.begin();
  }

  begin() {
    clearTimeout(this.timer);
    if (this.source) return;
    const source = (this.source = new EventSource(`${BASE}turns/live`));
    source.addEventListener("open", () => {
      this.pause = 1;
      this.state(true);
    });
    source.addEventListener("error", () => {
      this.stop();
      this.state(false);
      this.timer = setTimeout(() => this.begin(), this.pause * 1000);
      this.pause = Math.min(30, this.pause * 2);
    });
    for (const name of ["turns", "turn", "status", "figures"]) {
      source.addEventListener(name, (event) => this.hear(name, JSON.parse(event.data || "{}")));
    }
  }

  // a page in the background leaves its place to others after a minute
  rest() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.stop(), 60_000);
  }

  stop() {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
  }
}
