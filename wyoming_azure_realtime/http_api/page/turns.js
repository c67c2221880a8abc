// Last turns: a line of time for each, as they happen.

import { Failure, send } from "./api.js";
import { choice, h, put, s, say } from "./dom.js";
import { has, languageName, moment, money, number, percent, seconds, t } from "./texts.js";

const KEPT = 100;
const GOOD = new Set(["completed", "empty"]);
const IDLE = new Set(["cancelled", "unclaimed"]);

const is = (value) => typeof value === "number" && Number.isFinite(value);

/** What happened in a turn, as stretches and moments on a line of time; seconds from its beginning. */
export function timeline(turn) {
  const given = turn.seconds ?? {};
  const stretches = [];
  const moments = [];
  const mark = (name, at) => is(at) && moments.push({ name, at });
  if (turn.kind === "recognition") {
    if (given.audio) {
      // a recording that is sent at once arrives faster than it was spoken
      const to = is(given.inputEnd) ? Math.min(given.audio, given.inputEnd) : given.audio;
      stretches.push({ name: "audio", from: 0, to, length: given.audio });
    }
    mark("endOfSpeech", given.endOfSpeech);
    mark("draft", given.draft);
    if (turn.outcome === "completed") mark("transcript", given.result ?? given.total);
  } else {
    mark("text", 0);
    const written = turn.kind === "answer" && !given.audio;
    if (turn.kind === "answer") mark("endOfSpeech", given.inputEnd);
    if (written && turn.outcome === "completed") mark("answer", given.firstResult ?? given.total);
    const first = given.firstResult;
    if (is(first) && !written) {
      if (given.audio) stretches.push({ name: "audio", from: first, to: first + given.audio, length: given.audio });
      const last = given.result ?? given.total;
      if (is(last)) stretches.push({ name: "arriving", from: first, to: last });
      mark("firstSound", first);
      mark("lastSound", last);
    }
  }
  if (!GOOD.has(turn.outcome) && !IDLE.has(turn.outcome)) mark("end", given.total);
  const end = Math.max(0.1, given.total ?? 0, ...stretches.map((one) => one.to), ...moments.map((one) => one.at));
  return { stretches, moments, end };
}

/** Seconds that somebody waited: for the text after speaking, for the first sound, or for an answer. */
export function waited({ kind, seconds: given = {} }) {
  if (kind === "synthesis") return given.firstResult ?? null;
  if (kind === "answer") return is(given.firstResult) ? Math.max(0, given.firstResult - (given.inputEnd ?? 0)) : null;
  const end = given.inputEnd ?? given.endOfSpeech;
  return is(given.result) && is(end) ? Math.max(0, given.result - end) : null;
}

const WIDTH = 1000;

function drawn({ stretches, moments, end }) {
  const x = (at) => ((at / end) * (WIDTH - 12) + 6).toFixed(1);
  return s(
    "svg",
    { class: "timeline", viewBox: `0 0 ${WIDTH} 28`, preserveAspectRatio: "none", "aria-hidden": "true" },
    s("line", { class: "base", x1: 6, x2: WIDTH - 6, y1: 14, y2: 14 }),
    stretches.map(({ name, from, to }) =>
      s("rect", { class: `stretch ${name}`, x: x(from), width: Math.max(2, x(to) - x(from)), y: name === "arriving" ? 18 : 8, height: name === "arriving" ? 4 : 10, rx: 2 }),
    ),
    moments.map(({ name, at }) => s("line", { class: `mark ${name}`, x1: x(at), x2: x(at), y1: 2, y2: 26 })),
  );
}

/** The same in words, which are the legend as well. */
const legend = ({ stretches, moments }) =>
  h(
    "ul",
    { class: "plain legend" },
    [
      ...stretches.filter(({ name }) => name === "audio").map(({ name, length }) => ({ name, at: length })),
      ...moments.filter(({ name }) => name !== "text"),
    ].map(({ name, at }) => h("li", { class: name }, h("span", { class: "key", "aria-hidden": "true" }), t(`moment.${name}`), " ", h("b", {}, seconds(at)))),
  );

const outcome = (turn) => {
  const good = GOOD.has(turn.outcome);
  const kind = good ? "good" : IDLE.has(turn.outcome) ? "idle" : "bad";
  const name = has(`outcome.${turn.outcome}`) ? t(`outcome.${turn.outcome}`) : t("outcome.failed");
  return h("span", { class: `badge ${kind}` }, name);
};

function facts(turn) {
  const about = [
    turn.target && t("turns.target", { target: turn.target }),
    turn.model,
    turn.voice,
    turn.language && languageName(turn.language),
    turn.door && t("turns.door", { door: turn.door }),
    turn.fallback && t("turns.fallback", { name: turn.fallback }),
    turn.prepared && t("turns.prepared"),
    turn.attempts > 1 && t("turns.attempts", { n: number(turn.attempts) }),
    turn.mismatches > 0 && t("turns.mismatches", { n: number(turn.mismatches) }),
    turn.tokens?.cached > 0 && t("turns.cached", { share: percent(turn.tokens.cached / turn.tokens.read) }),
    turn.cost && t(turn.cost.estimated ? "turns.costAbout" : "turns.cost", { amount: money(turn.cost.amount, turn.cost.currency) }),
  ];
  return h("p", { class: "aside facts-line" }, about.filter(Boolean).map((text) => h("span", {}, text)));
}

function item(turn) {
  const line = timeline(turn);
  const wait = waited(turn);
  return h(
    "li",
    { class: `card turn ${turn.kind}`, "data-turn": turn.id },
    h(
      "div",
      { class: "row" },
      h("h3", { class: "grow" }, t(`turn.${turn.kind}`), h("time", { datetime: new Date(turn.startedAt * 1000).toISOString() }, moment(turn.startedAt, true))),
      wait !== null && h("span", { class: "waited" }, t("turns.waited", { n: seconds(wait) })),
      outcome(turn),
    ),
    turn.text && h("p", { class: "quote" }, turn.text),
    drawn(line),
    legend(line),
    turn.error && h("p", { class: "trouble" }, has(`code.${turn.outcome}`) && h("span", {}, t(`code.${turn.outcome}`), " "), h("span", { lang: "en" }, turn.error)),
    facts(turn),
  );
}

const FILTERS = {
  all: () => true,
  recognition: (turn) => turn.kind === "recognition",
  synthesis: (turn) => turn.kind === "synthesis",
  answer: (turn) => turn.kind === "answer",
  trouble: (turn) => Boolean(turn.error) || turn.attempts > 1 || turn.mismatches > 0,
};

export class Turns {
  constructor(section, house) {
    this.turns = [];
    this.visible = false;
    this.filter = "all";
    this.list = h("ol", { class: "plain turns", "aria-label": t("turns.title") });
    this.said = h("p", { class: "empty" });
    this.choice = choice("turns", t("turns.show"), Object.keys(FILTERS), "all", (name) => t(`turns.${name}`), (name) => this.choose(name));
    this.forgetting = h("button", { type: "button", class: "quiet", onclick: () => this.forget(), onblur: () => this.doubt() }, t("turns.forget"));
    this.trouble = h("p", { class: "notice bad", role: "alert", hidden: true });
    section.append(h("div", { class: "row between" }, this.choice, this.forgetting), this.trouble, this.said, this.list);
    house.on("turns", ({ turns }) => this.take(turns));
    house.on("turn", (turn) => this.add(turn));
    this.draw();
  }

  shown() {
    this.visible = true;
    this.draw();
  }

  hidden() {
    this.visible = false;
  }

  /** The first click asks, the second does it. */
  async forget() {
    if (!this.sure) {
      this.sure = true;
      say(this.forgetting, t("turns.forgetReally"));
      return;
    }
    this.doubt();
    try {
      await send("turns", { method: "DELETE" });
      this.trouble.hidden = true;
      this.take([]);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.trouble.hidden = false;
      say(this.trouble, error.message);
    }
  }

  doubt() {
    this.sure = false;
    say(this.forgetting, t("turns.forget"));
  }

  choose(name) {
    this.filter = name;
    this.draw();
  }

  take(turns) {
    this.turns = turns.slice(0, KEPT);
    this.draw();
  }

  add(turn) {
    this.turns = [turn, ...this.turns.filter(({ id }) => id !== turn.id)].slice(0, KEPT);
    if (!this.visible) return;
    if (!FILTERS[this.filter](turn)) return;
    this.list.prepend(item(turn));
    this.list.firstChild.classList.add("new");
    while (this.list.children.length > KEPT) this.list.lastChild.remove();
    this.tell();
  }

  draw() {
    if (this.visible) put(this.list, this.turns.filter(FILTERS[this.filter]).map(item));
    this.tell();
  }

  tell() {
    const empty = !this.turns.some(FILTERS[this.filter]);
    this.said.hidden = !empty;
    this.forgetting.hidden = !this.turns.length;
    say(this.said, this.turns.length ? t("turns.noneOfThese") : t("turns.none"));
  }
}
