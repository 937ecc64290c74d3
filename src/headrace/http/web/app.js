// The page: one element per address. `#/` is the library, `#/t/HASH` a torrent, `#/t/HASH/INDEX` the player,
// `#/settings` the settings.

import { casts } from "./casts.js";
import { el, icon, say, toast } from "./dom.js";
import { live } from "./live.js";
import { loginDialog } from "./login.js";
import * as words from "./words.js";

const ROUTES = [
  [/^$/, "hr-library", () => import("./library-page.js"), []],
  [/^settings$/, "hr-settings", () => import("./settings-page.js"), []],
  [/^t\/([0-9a-fA-F]{40}(?:[0-9a-fA-F]{24})?)$/, "hr-torrent", () => import("./torrent-page.js"), ["infohash"]],
  [/^t\/([0-9a-fA-F]{40}(?:[0-9a-fA-F]{24})?)\/(\d{1,9})$/, "hr-player", () => import("./player-page.js"), ["infohash", "index"]],
];

const main = document.getElementById("main");
const connection = document.getElementById("connection");
const wheel = document.querySelector(".wheel");
let turn = 0;
wheel.append(icon("wheel"));

async function show() {
  const mine = (turn += 1);
  const path = location.hash.replace(/^#?\/?/, "").replace(/\/$/, "");
  const route = ROUTES.find(([pattern]) => pattern.test(path));
  if (!route) {
    main.replaceChildren(el("p", { class: "empty" }, "There is no such page. ", el("a", { href: "#/" }, "To the library")));
    return;
  }
  const [pattern, name, load, names] = route;
  await load();
  if (mine !== turn) return; // somebody went on meanwhile
  const values = pattern.exec(path).slice(1);
  const page = el(name, Object.fromEntries(names.map((key, place) => [key, values[place].toLowerCase()])));
  document.body.dataset.page = name;
  if (name === "hr-settings") wheel.setAttribute("aria-current", "page");
  else wheel.removeAttribute("aria-current");
  main.replaceChildren(page);
  window.scrollTo(0, 0);
  if (mine > 1) main.focus({ preventScroll: true }); // a screen reader goes on at the new page
}

/** What somebody else, or the quota, took away; whoever did it here sees the same. */
function told({ event, name, data, freed }) {
  if (event === "evicted") toast(`“${name}” was removed to make room (${words.size(freed)}). It is fetched again when somebody watches it.`);
  if (event === "removed") toast(`“${name}” was removed${data === "delete" ? ", and its data" : ""}.`);
}

live.hear(told);
casts.addEventListener("change", () => casts.all.length && import("./cast-bars.js"));
casts.load();
live.addEventListener("open", () => say(connection, ""));
live.addEventListener("lost", () => say(connection, "Connecting…"));
document.addEventListener("hr-login", () => loginDialog());
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
window.addEventListener("hashchange", show);
show();
