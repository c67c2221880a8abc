// Elements made by code, so that nothing a service says can become markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** An element of HTML; `on…` attributes are listeners. */
export const h = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);

/** An element of SVG. */
export const s = (tag, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

/** Replace what an element holds. */
export const put = (element, ...children) => {
  element.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
};

/** Set a text only where it differs, so that screen readers are not told what they know. */
export const say = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};

const ICONS = {
  status: "M3 12h4l3-8 4 16 3-8h4",
  hear: "M4 9v6h4l5 4V5L8 9zM16.500 8.500a5 5 0 0 1 0 7M19 6a8.500 8.500 0 0 1 0 12",
  listen: "M12 3a3 3 0 0 0-3 3v5a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3zM5.500 11a6.500 6.500 0 0 0 13 0M12 17.500V21M8.500 21h7",
  talk: "M5 5h14a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2h-8l-5 4v-4H5a2 2 0 0 1-2-2V7a2 2 0 0 1 2-2zM8 9.500h8M8 13h5",
  turns: "M4 6h16M4 12h10M4 18h13M18 12h2",
  load: "M4 4v16h16M8 15l3.500-5 3.500 3 5-7",
  cost: "M12 3v18M16.500 7.500C15.500 6 14 5.500 12 5.500c-2.500 0-4.500 1.100-4.500 3.200 0 4.600 9.500 2 9.500 6.600 0 2.200-2.200 3.200-5 3.200-2.300 0-4-.8-5-2.500",
  play: "M8 5.500v13l10.500-6.500z",
  stop: "M7 7h10v10H7z",
  save: "M12 4v11M7.500 11l4.500 4.500 4.500-4.500M5 20h14",
  star: "M12 4l2.400 5.200 5.600.7-4.200 3.800 1.200 5.600-5-2.800-5 2.800 1.200-5.600L4 9.900l5.600-.7z",
  again: "M19.500 12a7.500 7.500 0 1 1-2.200-5.300M19.500 3.500v4h-4",
  file: "M6 3.500h8l4 4v13H6zM14 3.500v4h4",
};

/** One of the page's own icons; it says nothing to a screen reader. */
export const icon = (name) =>
  s("svg", { class: `icon ${name}`, viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false" }, s("path", { d: ICONS[name] }));

/** A choice among `names`, one of which is `chosen`. `told(name)` is called with every other choice. */
export const choice = (group, legend, names, chosen, text, told) =>
  h(
    "fieldset",
    { class: "choice" },
    h("legend", { class: "sr" }, legend),
    names.map((name) => h("label", {}, h("input", { type: "radio", name: group, value: name, checked: name === chosen, onchange: () => told(name) }), h("span", {}, text(name)))),
  );

/** Offer bytes for saving. The address is given up a minute later, when every browser has read it. */
export function save(blob, name) {
  const address = URL.createObjectURL(blob);
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
