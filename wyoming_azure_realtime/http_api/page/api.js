// The service's routes: answers as JSON within a deadline, failures as sentences, and the stream of what happens.

import { t } from "./texts.js";

export const BASE = "api/speech-realtime/";
const DEADLINE = 20; // seconds
const UNSENT = 1 << 20; // bytes that may wait for the network

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

/**
 * A WebSocket over which sound goes out while it is made; what is sent before it stands is not lost. `hear(data)` gets every
 * message, `over(sentence)` is told once why it ended, unless it was closed here.
 */
export class Channel {
  constructor(hear, over) {
    this.hear = hear;
    this.over = over;
    this.unsent = [];
    this.closed = false;
  }

  /** To a route below `BASE`. Resolves when it stands. Throws `Failure`. */
  async open(path, parameters = {}) {
    const address = new URL(BASE + path, document.baseURI);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    for (const [name, value] of Object.entries(parameters)) if (value) address.searchParams.set(name, value);
    const socket = (this.socket = new WebSocket(address));
    socket.binaryType = "arraybuffer";
    let late;
    try {
      await new Promise((resolve, reject) => {
        late = setTimeout(() => reject(new Failure(t("failure.late"))), DEADLINE * 1000);
        socket.onopen = resolve;
        socket.onclose = () => reject(new Failure(t("failure.refused")));
      });
    } catch (error) {
      this.close();
      throw error;
    } finally {
      clearTimeout(late);
    }
    socket.onmessage = ({ data }) => this.hear(data);
    socket.onclose = () => this.fail(t("failure.cut"));
    this.flush();
  }

  send(data) {
    if (!this.closed) this.unsent.push(data);
    this.flush();
  }

  /** Whether much waits for the network. */
  get slow() {
    return this.socket?.bufferedAmount > UNSENT / 2;
  }

  flush() {
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    for (const data of this.unsent.splice(0)) this.socket.send(data);
    if (this.socket.bufferedAmount > UNSENT) this.fail(t("failure.slow"));
  }

  fail(why) {
    if (this.closed) return;
    this.close();
    this.over(why);
  }

  close() {
    this.closed = true;
    this.socket?.close();
  }
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
