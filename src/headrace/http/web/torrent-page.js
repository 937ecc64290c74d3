// <hr-torrent>: one torrent: how it is doing, its stream map, its files by season.

import "./stream-map.js";
import * as api from "./api.js";
import { el, icon, say, toast } from "./dom.js";
import { places, resumePoint } from "./positions.js";
import { shareDialog } from "./share.js";
import { TorrentStore } from "./torrent-store.js";
import * as words from "./words.js";

class TorrentPage extends HTMLElement {
  #end = new AbortController();
  #store = null;
  #title = el("h1", { class: "title" });
  #state = el("p", { class: "state" });
  #reason = el("p", { class: "reason", role: "status", hidden: true });
  #figures = el("dl", { class: "figures" });
  #actions = el("div", { class: "actions" });
  #problem = el("div", { role: "alert" });
  #map = el("hr-map");
  #mapBox = el("section", { class: "panel", "aria-label": "Stream map" });
  #files = el("section", { class: "files", "aria-label": "Files" });
  #bars = new Map();
  #shown = null;
  #places = [];
  #due = null;
  #marks = new Map();
  #label = el("span", {}, "Play");
  #play = el("a", { class: "button primary" }, icon("play"), this.#label);
  #pauseIcon = el("span", { class: "icons" }, icon("pause"), icon("play"));
  #pauseLabel = el("span");
  #pause = el("button", { type: "button", class: "quiet", onclick: () => this.#togglePause() }, this.#pauseIcon, this.#pauseLabel);

  connectedCallback() {
    const infohash = this.getAttribute("infohash");
    this.#store = new TorrentStore(infohash, this.#end.signal);
    this.#mapBox.append(el("h2", {}, "Stream map"), this.#map);
    this.append(
      el("a", { class: "back", href: "#/" }, icon("back"), "Library"),
      el("header", { class: "hero" }, this.#title, this.#state, this.#actions, this.#reason),
      this.#problem, this.#mapBox, this.#figures, this.#files);
    this.#store.addEventListener("change", () => this.#changed());
    this.#store.addEventListener("live", () => this.#live());
    this.#store.addEventListener("map", () => this.#moved());
    this.#store.load();
  }

  disconnectedCallback() {
    this.#end.abort();
  }

  #changed() {
    const { torrent, problem, gone } = this.#store;
    if (gone) {
      location.hash = "#/";
      return;
    }
    this.#problem.replaceChildren(...(problem ? [el("p", { class: "problem" }, problem)] : []));
    this.#mapBox.hidden = !torrent || !this.#main();
    if (!torrent) return;
    document.title = `${torrent.name} – Headrace`;
    say(this.#title, torrent.name);
    this.#live();
    this.#showActions();
    this.#showFiles();
    this.#moved();
  }

  #main() {
    const { torrent, playlist } = this.#store;
    return this.#due ?? this.#store.file(torrent?.selected) ?? playlist[0] ?? null;
  }

  #live() {
    const { torrent, waiting } = this.#store;
    const parts = [words.state(torrent.state)];
    if (torrent.guest) parts.unshift("The demo, gone when the server ends");
    if (torrent.evicted && !torrent.readers) parts.unshift(words.EVICTED);
    if (torrent.state === "failed" && torrent.error) parts.push(torrent.error);
    if (torrent.time_to_playable > 0) parts.push(`plays in about ${words.about(torrent.time_to_playable)}`);
    if (torrent.buffered_seconds > 0 && torrent.progress < 1) parts.push(`${words.about(torrent.buffered_seconds)} buffered`);
    say(this.#state, parts.join(" · "));
    say(this.#reason, waiting ? `${words.reason(waiting.reason)}: ${waiting.detail}` : "");
    this.#reason.hidden = !waiting;
    this.#showFigures(torrent);
  }

  #showFigures(torrent) {
    const figures = [
      ["Size", words.size(torrent.size)],
      ["There", words.percent(torrent.progress)],
      ["Down", words.rate(torrent.down_rate)],
      ["Up", words.rate(torrent.up_rate)],
      ["Peers", String(torrent.peers)],
      ["Seeds", String(torrent.seeds)],
      ["Readers", String(torrent.readers)],
    ];
    if (!this.#figures.childElementCount) {
      this.#figures.append(...figures.map(([name]) => el("div", {}, el("dt", {}, name), el("dd"))));
    }
    figures.forEach(([, value], place) => say(this.#figures.children[place].lastChild, value));
  }

  #showActions() {
    const { torrent } = this.#store;
    const main = this.#main();
    const { paused } = torrent;
    if (!this.#actions.childElementCount) {
      this.#actions.append(
        this.#play,
        el("button", { type: "button", onclick: () => shareDialog(this.#store, this.#main()) }, icon("share"), el("span", {}, "Open elsewhere")),
        this.#pause,
        el("button", { type: "button", class: "quiet danger", onclick: () => this.#remove() }, icon("trash"), el("span", {}, "Remove")));
    }
    this.#play.hidden = !main;
    if (main && !this.#play.hasAttribute("href")) {
      this.#offer(main, 0);
      this.#lookUp();
    }
    this.#pauseIcon.firstChild.toggleAttribute("hidden", paused);
    this.#pauseIcon.lastChild.toggleAttribute("hidden", !paused);
    say(this.#pauseLabel, paused ? "Go on" : "Pause");
  }

  /** What is watched next, and from where: asked once, and again when the page was not told for a while. */
  async #lookUp() {
    const { infohash, playlist } = this.#store;
    this.#places = await places(infohash);
    if (this.#places === null) { // one torrent in `headrace play`: this browser knows of its main video
      const main = this.#main();
      if (main) this.#offer(main, await resumePoint(infohash, main.index));
      return;
    }
    for (const place of this.#places) this.#markWatched(place);
    const [last] = this.#places;
    const file = this.#store.file(last?.index);
    if (!file || file.order === null) return;
    if (last.finished) this.#offer(this.#store.next(file) ?? playlist[0], 0);
    else this.#offer(file, last.resume);
  }

  #offer(file, point) {
    this.#due = file;
    this.#play.setAttribute("href", `#/t/${this.#store.infohash}/${file.index}`);
    const name = this.#store.playlist.length > 1 ? words.episodeLabel(file.episode) : "";
    const parts = point > 0 ? ["Resume", name, `at ${words.clock(point)}`] : ["Play", name];
    say(this.#label, parts.filter(Boolean).join(" "));
    this.#moved();
  }

  #togglePause() {
    const { infohash, paused } = this.#store.torrent;
    this.#do(() => api.change(infohash, { paused: !paused }));
  }

  async #do(action) {
    try {
      await action();
      await this.#store.load();
    } catch (error) {
      if (!(error instanceof api.ApiError)) throw error;
      toast(error.text, "error");
    }
  }

  #remove() {
    const dialog = el("dialog", { class: "dialog", "aria-labelledby": "remove-title" });
    const go = (data) => {
      dialog.close();
      this.#do(async () => {
        await api.remove(this.#store.infohash, data);
        location.hash = "#/";
      });
    };
    dialog.append(
      el("h2", { id: "remove-title" }, "Remove this torrent?"),
      el("p", {}, this.#store.torrent.name),
      el("div", { class: "actions" },
        el("button", { type: "button", class: "danger", onclick: () => go(true) }, "Remove with its data"),
        el("button", { type: "button", onclick: () => go(false) }, "Remove, keep the data"),
        el("button", { type: "button", class: "quiet", autofocus: true, onclick: () => dialog.close() }, "Cancel")));
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  }

  // files
  #showFiles() {
    const { playlist, files } = this.#store;
    if (files === this.#shown) return;
    this.#shown = files;
    this.#bars.clear();
    const others = files.filter((file) => file.order === null);
    const groups = seasons(playlist).map(([name, members]) => this.#group(name, members));
    const rest = others.length
      ? [el("details", { class: "rest", open: !playlist.length }, el("summary", {}, `Other files (${others.length})`), this.#group("", others))]
      : [];
    this.#files.replaceChildren(...groups, ...rest);
  }

  #group(name, files) {
    return el("div", { class: "group" }, name ? el("h2", {}, name) : null,
      el("ol", { class: rowsClass(files) }, files.map((file) => this.#row(file))));
  }

  #row(file) {
    const bar = el("progress", { max: "1", "aria-label": "There" });
    this.#bars.set(file, bar);
    const mark = el("span", { class: "row-place" });
    this.#marks.set(file.index, mark);
    const label = words.episodeLabel(file.episode);
    const plays = file.kind === "video" || file.kind === "audio";
    const href = plays ? `#/t/${this.#store.infohash}/${file.index}` : api.local(file.url);
    const parts = [
      el("span", { class: "row-mark" }, label || icon(plays ? "play" : "file")),
      el("span", { class: "row-name" }, label ? words.baseName(file.path) : words.inside(file.path, this.#store.torrent.name)),
      mark,
      el("span", { class: "row-size" }, words.size(file.size)),
    ];
    return el("li", {}, el("a", { class: "row", href, target: plays ? null : "_blank", rel: plays ? null : "noopener" }, parts, bar));
  }

  #markWatched({ index, finished, resume }) {
    const mark = this.#marks.get(index);
    if (finished) mark?.replaceChildren(icon("check"), el("span", { class: "offscreen" }, "watched"));
    else if (resume > 0) mark?.replaceChildren(`at ${words.clock(resume)}`);
  }

  #moved() {
    const { pieces } = this.#store;
    if (!pieces.known) return;
    for (const [file, bar] of this.#bars) {
      const share = pieces.share(file);
      if (bar.value !== share) bar.value = share;
    }
    const main = this.#main();
    if (main) this.#map.update(pieces, main);
  }
}

/** Long lists are drawn as far as they are seen; a list without episodes needs no column for their numbers. */
function rowsClass(files) {
  const long = files.length > words.MANY ? "many" : "";
  return ["rows", long, files.some(({ episode }) => episode) ? "" : "plain"].filter(Boolean).join(" ");
}

/** Episodes by season; a torrent without any is one group. */
function seasons(playlist) {
  const found = new Map();
  for (const file of playlist) {
    const season = file.episode ? file.episode.season ?? 1 : null;
    if (!found.has(season)) found.set(season, []);
    found.get(season).push(file);
  }
  const name = (season) => (season === null ? "Videos" : season === 0 ? "Specials" : `Season ${season}`);
  const order = [...found].sort(([a], [b]) => (a || Infinity) - (b || Infinity));
  return order.map(([season, files]) => [found.size === 1 && season === null ? (files.length > 1 ? "Files" : "File") : name(season), files]);
}

customElements.define("hr-torrent", TorrentPage);
