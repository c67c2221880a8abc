// The page: its tabs, what they share, and what happens while it is open.

import { Failure, get, Live } from "./api.js";
import { Cost } from "./cost.js";
import { h, icon, put, say } from "./dom.js";
import { Hear } from "./hear.js";
import { Listen } from "./listen.js";
import { Load } from "./load.js";
import { Status, summary } from "./status.js";
import { Talk } from "./talk.js";
import { chooseLanguage, languageName, languages, loadTexts, t } from "./texts.js";
import { Turns } from "./turns.js";

// One more tab is one more line: a module whose class takes the section and the house.
const TABS = { status: Status, hear: Hear, listen: Listen, talk: Talk, turns: Turns, load: Load, cost: Cost };
const AGAIN = 1000; // milliseconds between two questions about the status

/** What all tabs share: the service's own description, and who wants to know when it changes. */
class House {
  constructor() {
    this.info = null;
    this.listeners = { info: [], turn: [], turns: [], figures: [], live: [] };
    this.asking = null;
    this.live = false;
  }

  on(name, listener) {
    this.listeners[name].push(listener);
    if (name === "info" && this.info) listener(this.info);
  }

  tell(name, data) {
    for (const listener of this.listeners[name]) listener(data);
  }

  /** Ask for the description again; questions that come too fast are one. */
  refresh() {
    this.asking ??= this.ask().finally(() => setTimeout(() => (this.asking = null), AGAIN));
    return this.asking;
  }

  async ask() {
    try {
      this.info = await get("info");
      this.unreachable = "";
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.unreachable = error.message;
    }
    this.tell("info", this.info);
  }
}

const at = (id) => document.getElementById(id);

function build(house) {
  const tabs = {};
  for (const [name, Tab] of Object.entries(TABS)) {
    const heading = h("h2", { id: `${name}-heading`, tabindex: "-1" }, t(`${name}.title`));
    const section = h("section", { id: `tab-${name}`, "aria-labelledby": `${name}-heading`, hidden: true }, heading);
    at("main").append(section);
    const link = h("a", { href: `#${name}` }, icon(name), h("span", {}, t(`${name}.tab`)));
    at("tabs").append(link);
    tabs[name] = { section, heading, link, tab: new Tab(section, house) };
  }
  return tabs;
}

function show(tabs, focus) {
  const asked = location.hash.slice(1);
  const now = asked in tabs ? asked : "status";
  for (const [name, { section, heading, link, tab }] of Object.entries(tabs)) {
    const shown = name === now;
    section.hidden = !shown;
    if (shown) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
    if (shown) {
      document.title = `${t(`${name}.tab`)} · Speech`;
      tab.shown?.();
      if (focus) heading.focus({ preventScroll: true });
    } else tab.hidden?.();
  }
  scrollTo(0, 0);
}

function foot(house) {
  const choice = h(
    "select",
    { id: "language", onchange: (event) => chooseLanguage(event.target.value) },
    languages().map((code) => h("option", { value: code, selected: code === document.documentElement.lang }, languageName(code, true))),
  );
  const version = h("span");
  const live = h("span", { class: "live", role: "status" });
  const leave = h("button", { class: "quiet", type: "button", hidden: true, onclick: signOut }, t("foot.out"));
  put(
    at("foot"),
    version,
    live,
    h("a", { href: "api/speech-realtime/info" }, t("foot.facts")),
    h("label", { for: "language", class: "aside" }, t("foot.language")),
    choice,
    leave,
  );
  house.on("info", (info) => {
    if (info) say(version, `${info.service} ${info.version}`);
    leave.hidden = info?.access !== "cookie";
  });
  house.on("live", () => {
    live.classList.toggle("on", house.live);
    say(live, t(house.live ? "foot.live" : "foot.notLive"));
  });
}

async function signOut() {
  await fetch("logout", { method: "POST" });
  location.replace("login");
}

function overall(house) {
  house.on("info", (info) => {
    const { state, text } = house.unreachable ? { state: "bad", text: t("overall.unreachable") } : summary(info);
    const pill = at("overall");
    pill.className = `pill ${state}`;
    pill.hidden = false;
    say(pill, text);
  });
}

async function start() {
  const house = new House();
  const asked = house.refresh();
  await loadTexts();
  say(at("skip"), t("skip"));
  at("skip").addEventListener("click", (event) => {
    event.preventDefault(); // the address names the tab
    at("main").focus();
  });
  at("tabs").setAttribute("aria-label", t("tabs"));
  const tabs = build(house);
  foot(house);
  overall(house);
  addEventListener("hashchange", () => show(tabs, true));
  show(tabs, false);
  await asked;
  if (house.unreachable) house.tell("info", house.info);
  new Live(
    (name, data) => (name === "status" ? house.refresh() : house.tell(name, data)),
    (live) => {
      if (live && !house.live) house.refresh();
      house.live = live;
      house.tell("live", live);
    },
  );
  document.documentElement.dataset.ready = "yes";
}

start();
