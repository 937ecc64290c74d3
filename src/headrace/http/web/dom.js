// Making elements. Rule: text from torrents reaches the page as text nodes and attributes only, never as markup.

const SVG = "http://www.w3.org/2000/svg";

const ICONS = {
  play: "M8 5v14l11-7z",
  pause: "M6 5h4v14H6zM14 5h4v14h-4z",
  next: "M6 5l9 7-9 7zM16 5h2.5v14H16z",
  back: "M15.4 5.4 14 4l-8 8 8 8 1.4-1.4L8.8 12z",
  plus: "M11 5h2v6h6v2h-6v6h-2v-6H5v-2h6z",
  trash: "M9 4h6l1 2h4v2H4V6h4zM6 9h12l-1 11H7z",
  share: "M7 2h10a2 2 0 0 1 2 2v16a2 2 0 0 1-2 2H7a2 2 0 0 1-2-2V4a2 2 0 0 1 2-2zm0 3v13h10V5zm4 14.2h2v1.3h-2z",
  copy: "M8 3h11v14H8zm2 2v10h7V5zM4 7h2v12h10v2H4z",
  open: "M13 4h7v7h-2V7.4l-8.3 8.3-1.4-1.4L16.6 6H13zM5 6h5v2H6v10h10v-4h2v6H4V6z",
  file: "M6 3h8l4 4v14H6zm7 1.5V8h3.5z",
  check: "M9.5 16.2 5.3 12l-1.4 1.4 5.6 5.6L20.5 8l-1.4-1.4z",
  close: "M6.4 5 5 6.4 10.6 12 5 17.6 6.4 19l5.6-5.6 5.6 5.6 1.4-1.4-5.6-5.6L19 6.4 17.6 5 12 10.6z",
  wheel: "M10.3 3h3.4l.4 2.4 1.6.9 2.3-.8L20 8.4 18.1 10a6 6 0 0 1 0 4l1.9 1.6-1.7 2.9-2.3-.8-1.6.9-.4 2.4h-3.4l-.4-2.4-1.6-.9-2.3.8L4 15.6 5.9 14a6 6 0 0 1 0-4L4 8.4l1.7-2.9 2.3.8 1.6-.9zM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z",
  keys: "M3 6h18v12H3zm2 2v8h14V8zm1 1h2v2H6zm3 0h2v2H9zm3 0h2v2h-2zm3 0h3v2h-3zM7 13h10v2H7z",
  cast: "M3 5h18v14h-8v-2h6V7H5v3H3zM3 12a7 7 0 0 1 7 7H8a5 5 0 0 0-5-5zm0 4a3 3 0 0 1 3 3H3z",
  sound: "M4 9h4l5-4v14l-5-4H4zm11.5-1.2a5.5 5.5 0 0 1 0 8.4z",
  mute: "M4 9h4l5-4v14l-5-4H4zM15.9 9l2.1 2.1L20.1 9l1.4 1.4-2.1 2.1 2.1 2.1-1.4 1.4-2.1-2.1-2.1 2.1-1.4-1.4 2.1-2.1-2.1-2.1z",
  stop: "M6 6h12v12H6z",
  list: "M4 6h16v2H4zm0 5h16v2H4zm0 5h10v2H4z",
};

/** An element with properties (`class`, `on…` functions, attributes) and children (nodes, strings; null is left out). */
export function el(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? "" : String(value));
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/** One of our icons; `label` makes it speak, else it is decoration. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** Set text only where it differs: screen readers hear changes, and so does layout. */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Notes at a time: who removes a hundred torrents is not told a hundred times. */
const TOASTS = 3;

/** Where notes are shown: in the dialog that is open, for what lies outside of it is dimmed, and not spoken. */
function notes() {
  const all = document.getElementById("toasts");
  const dialog = document.querySelector("dialog[open]");
  if (dialog && !dialog.contains(all)) {
    dialog.append(all);
    dialog.addEventListener("close", () => document.body.append(all), { once: true });
  }
  return all;
}

export function toast(message, kind = "info") {
  const box = el("div", { class: `toast ${kind}`, role: kind === "error" ? "alert" : null }, message);
  const all = notes();
  all.append(box);
  while (all.childElementCount > TOASTS) all.firstElementChild.remove();
  setTimeout(() => box.remove(), kind === "error" ? 12000 : 6000);
}

export async function copyText(text, what) {
  try {
    await navigator.clipboard.writeText(text); // only where the page came over TLS or from this machine
  } catch {
    const area = el("textarea", { class: "offscreen", "aria-hidden": "true" });
    area.value = text;
    (document.querySelector("dialog[open]") ?? document.body).append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    if (!done) return toast("The browser does not let pages copy here.", "error");
  }
  toast(`${what} copied`);
}
