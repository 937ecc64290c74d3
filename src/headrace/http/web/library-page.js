// <hr-library>: all torrents as cards, and the box that adds one.

import "./add-box.js";
import "./demo-box.js";
import * as api from "./api.js";
import { el, say } from "./dom.js";
import { live } from "./live.js";
import * as words from "./words.js";

const PICTURE_STEP = 0.05;
/** Events after which a torrent is asked for anew. */
const ANEW = new Set(["metadata", "selected", "changed", "evicted"]);
/** From so many torrents on there is a field to find one. */
const WORTH_FINDING = 9;
/** Torrents that are new at a time, from which on all are asked for at once. */
const MANY = 8;

/** One torrent's card; `update` shows a torrent as the API gives it, with what events said since. */
class Card {
  #name = el("h2", { class: "card-name" });
  #line = el("p", { class: "card-line" });
  #bar = el("progress", { max: "1", "aria-label": "Downloaded" });
  #letter = el("span", { "aria-hidden": "true" });
  #poster = el("img", { alt: "", loading: "lazy", decoding: "async" }); // pictures out of sight are not asked for
  #asked = -Infinity;

  constructor(infohash) {
    this.infohash = infohash;
    const art = el("div", { class: "card-art" }, this.#letter, this.#poster);
    this.node = el("li", {}, el("a", { class: "card", href: `#/t/${infohash}` }, art,
      el("div", { class: "card-text" }, this.#name, this.#line, this.#bar)));
    art.style.setProperty("--hue", String(parseInt(infohash.slice(0, 4), 16) % 360));
    this.#poster.addEventListener("load", () => this.#poster.classList.add("there"));
    this.#poster.addEventListener("error", () => this.#poster.removeAttribute("src"));
  }

  update(torrent) {
    say(this.#name, torrent.name);
    say(this.#letter, (torrent.name.match(/[\p{L}\p{N}]/u) ?? ["?"])[0].toUpperCase());
    const share = Math.round((torrent.progress ?? 0) * 1000) / 1000; // a bar has no more pixels
    if (this.#bar.value !== share) this.#bar.value = share;
    if (this.#bar.hidden !== share >= 1) this.#bar.hidden = share >= 1;
    const parts = [words.state(torrent.state)];
    if (torrent.evicted && !torrent.readers) parts.unshift(words.EVICTED);
    if (torrent.size) parts.push(words.size(torrent.size));
    if (torrent.down_rate > 1024) parts.push(`↓\u00a0${words.rate(torrent.down_rate)}`);
    say(this.#line, parts.join(" · "));
    this.#picture(torrent);
  }

  /** The server makes a picture of what is there: ask at first, and again when noticeably more came. */
  #picture({ size, downloaded }) {
    if (!size || this.#poster.hasAttribute("src") || downloaded < this.#asked + PICTURE_STEP * size) return;
    this.#asked = downloaded;
    this.#poster.src = `/api/v1/torrents/${this.infohash}/files/main/poster`;
  }
}

class LibraryPage extends HTMLElement {
  #end = new AbortController();
  #list = el("ul", { class: "cards" });
  #note = el("div", { class: "empty" });
  #torrents = new Map();
  #cards = new Map();
  #asked = new Set();
  #asking = 0;
  #moved = new Set();
  #drawing = 0;
  #find = el("input", { type: "search", class: "find", placeholder: "Find in the library", "aria-label": "Find in the library", autocomplete: "off", spellcheck: "false", hidden: true });
  #none = el("p", { class: "empty", role: "status", hidden: true });
  #demo = el("hr-demo");
  #welcome = el("div", { class: "welcome" },
    el("p", { class: "big" }, "Nothing here yet."),
    el("p", {}, "Paste a magnet link above, or drop a .torrent anywhere on this page. It plays within seconds: the pieces that the player needs come first."),
    this.#demo);

  connectedCallback() {
    document.title = "Headrace";
    this.append(el("hr-add"), el("h1", { class: "offscreen" }, "Library"), this.#note, this.#find, this.#none, this.#list);
    this.#find.addEventListener("input", () => this.#filter());
    live.follow();
    live.hear((news) => this.#heard(news), this.#end.signal);
    live.again(() => this.#load(), this.#end.signal);
    this.#load();
  }

  disconnectedCallback() {
    this.#end.abort();
    this.#demo.close();
  }

  async #load() {
    try {
      const found = await api.torrents();
      this.#torrents = new Map(found.map((torrent) => [torrent.infohash, torrent]));
      this.#show();
    } catch (error) {
      if (!(error instanceof api.ApiError)) throw error;
      if (error.status !== 401) this.#note.replaceChildren(el("p", { class: "problem", role: "alert" }, error.text));
    }
  }

  #heard(news) {
    if (!news.infohash || news.event === "map") return;
    const known = this.#torrents.get(news.infohash);
    if (news.event === "removed") {
      this.#torrents.delete(news.infohash);
      this.#show();
    } else if (!known || ANEW.has(news.event)) {
      this.#askFor(news.infohash);
    } else if (news.event === "progress") {
      Object.assign(known, news, { progress: news.share ?? known.progress });
      this.#moved.add(news.infohash);
      this.#drawing ||= requestAnimationFrame(() => this.#draw());
    }
  }

  /** Of a library of hundreds all tell of themselves once a second: cards follow picture by picture. */
  #draw() {
    this.#drawing = 0;
    for (const infohash of this.#moved) this.#cards.get(infohash)?.update(this.#torrents.get(infohash));
    this.#moved.clear();
  }

  /** Those that are new, or new in more than figures: each by itself, or all when they are many at a time. */
  #askFor(infohash) {
    this.#asked.add(infohash);
    this.#asking ||= requestAnimationFrame(() => {
      const asked = [...this.#asked];
      this.#asked.clear();
      this.#asking = 0;
      if (asked.length > MANY) this.#load();
      else asked.forEach((each) => this.#loadOne(each));
    });
  }

  async #loadOne(infohash) {
    try {
      this.#torrents.set(infohash, await api.torrent(infohash));
      this.#show();
    } catch (error) {
      if (!(error instanceof api.ApiError)) throw error; // it is gone again, or the server is: both are told otherwise
    }
  }

  #show() {
    const fresh = [];
    const recent = (torrent) => Math.max(torrent.watched ?? 0, torrent.added ?? 0);
    const sorted = [...this.#torrents].sort(([, a], [, b]) => recent(b) - recent(a));
    for (const [infohash, card] of this.#cards) {
      if (this.#torrents.has(infohash)) continue;
      card.node.remove();
      this.#cards.delete(infohash);
    }
    for (const [infohash, torrent] of sorted) {
      let card = this.#cards.get(infohash);
      if (!card) {
        card = new Card(infohash);
        this.#cards.set(infohash, card);
        fresh.push(card.node);
      }
      card.update(torrent);
    }
    this.#list.classList.toggle("many", this.#cards.size > words.MANY);
    this.#list.prepend(...fresh); // what was there keeps its place while somebody looks
    this.#filter();
    const empty = !this.#torrents.size || this.#demo.wanted;
    if (!empty) this.#note.replaceChildren();
    else if (!this.#welcome.isConnected) this.#note.replaceChildren(this.#welcome);
  }

  /** All words, in any order. */
  #filter() {
    this.#find.hidden = this.#cards.size < WORTH_FINDING && !this.#find.value;
    const wanted = this.#find.value.toLowerCase().split(/[\s.]+/).filter(Boolean);
    let shown = 0;
    for (const [infohash, card] of this.#cards) {
      const name = this.#torrents.get(infohash).name.toLowerCase();
      const hidden = !wanted.every((word) => name.includes(word));
      if (card.node.hidden !== hidden) card.node.hidden = hidden;
      shown += !hidden;
    }
    say(this.#none, wanted.length && !shown ? "No torrent has such a name." : "");
    this.#none.hidden = !this.#none.textContent;
  }
}

customElements.define("hr-library", LibraryPage);
