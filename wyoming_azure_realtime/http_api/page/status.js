// Status: what is so, in sentences.

import { change, Failure } from "./api.js";
import { h, icon, put, say } from "./dom.js";
import { has, languageName, moment, t } from "./texts.js";

const USES = ["hearing", "speaking"];

const isObject = (value) => value !== null && typeof value === "object";

/** A target's state, also where the service says it in one word. */
const stateOf = (value) => (isObject(value) ? value : { state: value });

/** How all is: a state for the colour, and a few words. */
export function summary(info) {
  const states = USES.flatMap((use) => {
    const targets = Object.values(info?.targets?.[use] ?? {}).map((value) => stateOf(value).state);
    if (!targets.length) return [];
    if (targets[0] === "good") return ["good"];
    if (targets.includes("good")) return ["elsewhere"];
    return [targets.every((state) => state === "failing") ? "failing" : "untried"];
  });
  if (states.includes("failing")) {
    const stands = USES.every((use) => Object.values(info.fallback?.[use] ?? {}).some((value) => stateOf(value).state !== "failing"));
    return stands ? { state: "warn", text: t("overall.fallback") } : { state: "bad", text: t("overall.failing") };
  }
  if (states.includes("elsewhere")) return { state: "warn", text: t("overall.elsewhere") };
  if (states.length && states.every((state) => state === "good")) return { state: "good", text: t("overall.good") };
  return { state: "idle", text: t("overall.untried") };
}

function words(target) {
  const since = target.since ? moment(target.since) : "";
  switch (target.state) {
    case "good":
      return since ? t("state.goodSince", { since }) : t("state.good");
    case "failing":
      return since ? t("state.failingSince", { since }) : t("state.failing");
    default:
      return has(`state.${target.state}`) ? t(`state.${target.state}`) : target.state;
  }
}

function line(use, target) {
  const colour = { good: "good", failing: "bad" }[target.state] ?? "idle";
  const told = has(`code.${target.code}`) && h("p", {}, t(`code.${target.code}`));
  return h(
    "div",
    { class: `state ${colour}` },
    h("h4", {}, h("span", { class: "dot", "aria-hidden": "true" }), t(`use.${use}`)),
    h("p", { class: "words" }, words(target)),
    target.error && h("div", { class: "trouble" }, told, h("p", { lang: "en" }, target.error)),
    target.nextTry && target.state === "failing" && h("p", { class: "aside" }, t("state.nextTry", { at: moment(target.nextTry, true) })),
  );
}

/** Both uses as one, where the same is to be said of them. */
function together(byUse) {
  const { hearing: one, speaking: other } = byUse;
  if (!one || !other || one.state !== other.state || one.error !== other.error) return byUse;
  const earlier = (name) => (one[name] && other[name] ? Math.min(one[name], other[name]) : one[name] || other[name]);
  return { both: { ...one, since: earlier("since"), nextTry: earlier("nextTry") } };
}

function card(name, byUse, first) {
  return h(
    "article",
    { class: "card target" },
    h("h3", {}, name, first && h("span", { class: "badge" }, t("status.first"))),
    Object.entries(together(byUse)).map(([use, target]) => line(use, target)),
  );
}

/** {use: {name: state}} as {name: {use: state}}, in the order of the first. */
function byName(states = {}) {
  const names = {};
  for (const use of [...USES, ...Object.keys(states)])
    for (const [name, value] of Object.entries(states[use] ?? {})) (names[name] ??= {})[use] = stateOf(value);
  return Object.entries(names);
}

function facts(info) {
  const hears = (info.transcriptionModels ?? []).map((model) => model.name).join(", ");
  const rows = [
    [t("fact.backend"), info.backend],
    [t("fact.speaks"), info.features?.tts ? t("fact.speaksWith", { model: info.model, voice: info.defaultVoice }) : t("fact.no")],
    [t("fact.hears"), hears ? t("fact.hearsWith", { model: hears, language: languageName(info.defaultLanguage) }) : info.asrUnavailableReason || t("fact.no")],
    [t("fact.version"), info.version],
  ];
  return h("dl", { class: "facts" }, rows.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}

export class Status {
  constructor(section, house) {
    this.house = house;
    this.trouble = h("p", { class: "notice bad", role: "alert", hidden: true });
    this.targets = h("div", { class: "grid wide" });
    this.standIns = h("div", { class: "grid wide" });
    this.standInsHeading = h("h3", { class: "over" }, t("status.fallbacks"));
    this.facts = h("div");
    this.said = h("p", { role: "status", class: "aside" });
    this.reload = h("button", { type: "button", onclick: () => this.readAgain() }, icon("again"), t("status.reload"));
    section.append(
      this.trouble,
      this.targets,
      this.standInsHeading,
      this.standIns,
      h("h3", { class: "over" }, t("status.facts")),
      h("div", { class: "card" }, this.facts, h("div", { class: "row end" }, this.said, this.reload)),
    );
    house.on("info", (info) => this.draw(info));
  }

  shown() {
    this.timer ??= setInterval(() => this.house.refresh(), 30_000);
  }

  hidden() {
    clearInterval(this.timer);
    this.timer = null;
  }

  draw(info) {
    this.trouble.hidden = !this.house.unreachable;
    say(this.trouble, this.house.unreachable ?? "");
    if (!info) return;
    const targets = byName(info.targets);
    put(this.targets, targets.map(([name, byUse], i) => card(name, byUse, i === 0 && targets.length > 1)));
    const standIns = byName(info.fallback);
    this.standInsHeading.hidden = this.standIns.hidden = !standIns.length;
    put(this.standIns, standIns.map(([name, byUse]) => card(name, byUse, false)));
    put(this.facts, facts(info));
  }

  async readAgain() {
    this.reload.disabled = true;
    say(this.said, t("status.reloading"));
    try {
      const { changed = [], kept = [] } = await change("POST", "settings/reload");
      const done = changed.length ? t("status.changed", { names: changed.join(", ") }) : t("status.unchanged");
      say(this.said, kept.length ? `${done} ${t("status.kept", { names: kept.join(", ") })}` : done);
      await this.house.refresh();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      say(this.said, error.message);
    } finally {
      this.reload.disabled = false;
    }
  }
}
