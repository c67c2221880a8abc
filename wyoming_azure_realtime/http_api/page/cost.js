// Cost: today, this month, what it went to, the limit, and what a day like today makes of a month.

import { Failure, get } from "./api.js";
import { Chart, shares, SPACE } from "./charts.js";
import { h, put, s, say } from "./dom.js";
import { day, has, money, number, percent, t } from "./texts.js";

const NEAR = 0.8;
const OFTEN = 5000; // milliseconds between two questions

function tile(name, amount, note) {
  return h("div", { class: "card tile" }, h("h3", {}, name), h("p", { class: "amount" }, amount), note && h("p", { class: "aside" }, note));
}

/** How near a limit is. */
function limit(name, spent, cap, currency, action) {
  if (!cap) return null;
  const share = spent / cap;
  const colour = share >= 1 ? "bad" : share >= NEAR ? "warn" : "good";
  const text = t("cost.of", { spent: money(spent, currency), cap: money(cap, currency), share: percent(share) });
  return h(
    "div",
    { class: "limit" },
    h("div", { class: "row between" }, h("b", {}, t(`cost.${name}`)), h("span", {}, text)),
    s(
      "svg",
      { class: `gauge ${colour}`, viewBox: "0 0 100 8", preserveAspectRatio: "none", role: "img", "aria-label": `${t(`cost.${name}`)}: ${text}` },
      s("rect", { class: "track", width: 100, height: 8 }),
      s("rect", { class: "filled", width: Math.min(100, share * 100), height: 8 }),
    ),
    share >= 1 && h("p", { class: "trouble" }, t(`cost.reached.${action}`)),
  );
}

const amounts = (values) => {
  const rows = Array.isArray(values) ? values.map((one) => [one.model ?? one.kind, one.month ?? one.amount, one]) : Object.entries(values ?? {}).map(([name, one]) => [name, typeof one === "number" ? one : (one.month ?? one.amount ?? 0), one]);
  return rows.filter(([, amount]) => typeof amount === "number").sort((a, b) => b[1] - a[1]);
};

/** The days that the axis names: as many as there is room for, the last one among them. */
function marks(from, to, width) {
  const step = Math.ceil(((to - from) * SPACE) / width);
  const found = [];
  for (let at = to - 1; at >= from; at -= step) found.unshift(at + 0.5);
  return found;
}

export class Cost {
  constructor(section, house) {
    this.visible = false;
    this.asked = 0;
    this.trouble = h("p", { class: "notice bad", role: "alert", hidden: true });
    this.tiles = h("div", { class: "grid tiles" });
    this.limits = h("div", { class: "card" });
    this.kinds = h("div", { class: "card" });
    this.models = h("div", { class: "card" });
    this.currency = "USD";
    const tell = (value) => money(value, this.currency);
    this.days = new Chart({ title: t("cost.days"), bars: true, tell, label: (at) => day(this.dateAt(Math.floor(at))), marks });
    section.append(this.trouble, this.tiles, this.limits, h("div", { class: "grid wide" }, this.kinds, this.models), this.days.element, h("p", { class: "aside" }, t("cost.note")));
    house.on("turn", () => this.changed());
  }

  shown() {
    this.visible = true;
    this.ask();
  }

  hidden() {
    this.visible = false;
  }

  changed() {
    if (!this.visible || this.soon) return;
    this.soon = setTimeout(() => {
      this.soon = null;
      if (this.visible) this.ask();
    }, Math.max(300, this.asked + OFTEN - Date.now()));
  }

  async ask() {
    this.asked = Date.now();
    try {
      this.draw(await get("costs"));
      this.trouble.hidden = true;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.trouble.hidden = false;
      say(this.trouble, error.message);
    }
  }

  draw(costs) {
    const { currency, today, month, monthLikeToday, cap = {} } = costs;
    this.currency = currency;
    put(
      this.tiles,
      tile(t("cost.today"), money(today, currency)),
      tile(t("cost.month"), money(month, currency)),
      tile(t("cost.likeToday"), monthLikeToday === null || monthLikeToday === undefined ? "–" : money(monthLikeToday, currency), t("cost.likeTodayNote")),
    );
    const limits = [limit("today", today, cap.day, currency, cap.action), limit("month", month, cap.month, currency, cap.action)].filter(Boolean);
    put(
      this.limits,
      h("h3", {}, t("cost.cap")),
      limits.length ? [limits, h("p", { class: "aside" }, t(has(`cost.action.${cap.action}`) ? `cost.action.${cap.action}` : "cost.action.warn"))] : h("p", { class: "aside" }, t("cost.noCap")),
    );
    const { byKind = {}, requestsByKind = {}, tokens = {} } = costs;
    const each = (name) => (requestsByKind[name] ? t("cost.each", { n: number(requestsByKind[name]), each: money(byKind[name] / requestsByKind[name], currency) }) : "");
    this.split(this.kinds, t("cost.byKind"), byKind, (name) => (has(`turn.${name}`) ? t(`turn.${name}`) : name), each);
    if (tokens.cached) this.kinds.append(h("p", { class: "aside" }, t("cost.cached", { share: percent(tokens.cached / tokens.read) })));
    this.split(this.models, t("cost.byModel"), costs.byModel, (name) => name);
    this.drawDays(costs.days ?? []);
  }

  split(card, title, values, name, note = () => "") {
    const rows = amounts(values).map(([key, value]) => ({ name: name(key), note: note(key), value, text: money(value, this.currency) }));
    put(card, h("h3", {}, title), rows.length ? shares(rows) : h("p", { class: "empty" }, t("chart.nothing")));
  }

  drawDays(days) {
    const sorted = [...days].sort((a, b) => (a.date < b.date ? -1 : 1));
    this.dates = sorted.map(({ date }) => date);
    // the axis counts days: each is one step, however long the clock's change makes it
    if (sorted.length)
      this.days.show(
        sorted.map((_, i) => i),
        1,
        [{ name: t("cost.perDay"), values: sorted.map(({ amount }) => amount), kind: "p50" }],
      );
  }

  dateAt(at) {
    return this.dates?.[Math.max(0, Math.min(this.dates.length - 1, at))] ?? "1970-01-01";
  }
}
