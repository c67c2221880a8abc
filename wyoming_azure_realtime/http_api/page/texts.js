// What the page says, in the reader's language: one file of texts for each, texts/xx.json.

const CHOICE = "language";
const texts = {};
let language = "en";

/** The languages that the server has texts for. */
export const languages = () => {
  const told = document.querySelector('meta[name="languages"]')?.content ?? "";
  const codes = told.split(/\s+/).filter((code) => /^[a-z]{2,3}(-[A-Za-z]+)?$/.test(code));
  return codes.length ? codes : ["en"];
};

function chosen() {
  const known = languages();
  const wanted = [remembered(CHOICE), ...navigator.languages].filter(Boolean);
  for (const tag of wanted) {
    const found = known.find((code) => code === tag) ?? known.find((code) => code === tag.split("-")[0]);
    if (found) return found;
  }
  return known.includes("en") ? "en" : known[0];
}

/** Load the texts. Resolves to the language's code. */
export async function loadTexts() {
  language = chosen();
  const answer = await fetch(`page/texts/${language}.json`);
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  Object.assign(texts, await answer.json());
  document.documentElement.lang = language;
  return language;
}

/** Choose another language; the page begins anew. */
export function chooseLanguage(code) {
  remember(CHOICE, code);
  location.reload();
}

/** The text of this name, with the values in the place of {names}. A name without a text is shown itself. */
export function t(name, values = {}) {
  const text = texts[name] ?? name;
  return text.replace(/\{(\w+)\}/g, (whole, key) => (key in values ? values[key] : whole));
}

/** Whether there is a text of this name. */
export const has = (name) => name in texts;

/** The name of a language, in the reader's own. */
export function languageName(tag, own = false) {
  try {
    return new Intl.DisplayNames([own ? tag : language], { type: "language" }).of(tag) ?? tag;
  } catch {
    return tag;
  }
}

const formats = new Map();
function format(kind, options) {
  const key = kind.name + JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new kind(locale(), options));
  return formats.get(key);
}
const locale = () => navigator.languages.find((tag) => tag.split("-")[0] === language) ?? language;

export const number = (value, digits = 0) =>
  format(Intl.NumberFormat, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
/** A number with as few digits as it has, two after the point at most. */
export const short = (value) => format(Intl.NumberFormat, { maximumFractionDigits: 2 }).format(value);
export const percent = (share) => format(Intl.NumberFormat, { style: "percent", maximumFractionDigits: 0 }).format(share);

/** An amount of money; small ones with more digits, so that a turn's cost is not nothing. */
export function money(amount, currency) {
  const digits = amount === 0 || Math.abs(amount) >= 1 ? 2 : Math.abs(amount) >= 0.01 ? 3 : 5;
  try {
    return format(Intl.NumberFormat, { style: "currency", currency, minimumFractionDigits: 2, maximumFractionDigits: digits }).format(amount);
  } catch {
    return `${number(amount, digits)} ${currency}`;
  }
}

/** Seconds as people say them: 0.31 s, 4.2 s, 75 s; minutes from two on. */
export function seconds(value) {
  if (value >= 120) return t("unit.minutes", { n: number(value / 60, value < 600 ? 1 : 0) });
  return t("unit.seconds", { n: number(value, value < 1 ? 2 : value < 20 ? 1 : 0) });
}

/** A moment, by its Unix time: the time of day, with the day if that is not today. */
export function moment(unix, withSeconds = false) {
  const date = new Date(unix * 1000);
  const today = date.toDateString() === new Date().toDateString();
  const day = today ? {} : { day: "numeric", month: "short" };
  const more = withSeconds ? { second: "2-digit" } : {};
  return format(Intl.DateTimeFormat, { hour: "numeric", minute: "2-digit", ...more, ...day }).format(date);
}

/** A day written as 2026-11-30. */
export function day(text) {
  const [year, month, date] = text.split("-").map(Number);
  return format(Intl.DateTimeFormat, { day: "numeric", month: "short" }).format(new Date(year, month - 1, date));
}

/** Something that this browser remembers for the page; null where it may not. */
export function remembered(name) {
  try {
    return localStorage.getItem(`speech.${name}`);
  } catch {
    return null;
  }
}

export function remember(name, value) {
  try {
    localStorage.setItem(`speech.${name}`, value);
  } catch {
    // a browser that keeps nothing works all the same
  }
}
