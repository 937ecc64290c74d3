// <hr-player>: one file, playing: the video, why it waits, its stream map, what comes next.

import "./vendor/media-chrome.js";
import "./stream-map.js";
import * as api from "./api.js";
import { CastCover } from "./cast-cover.js";
import { castDialog } from "./cast-dialog.js";
import { casts } from "./casts.js";
import { controls } from "./controls.js";
import { el, icon, say } from "./dom.js";
import { InnerTrack } from "./inner-tracks.js";
import { helpDialog, listenForKeys } from "./keys.js";
import { shortcomings } from "./playable.js";
import { Playback } from "./playback.js";
import { resumePoint, savePosition } from "./positions.js";
import { raiseCues } from "./raised-cues.js";
import { ResumeNote } from "./resume-note.js";
import { shareDialog } from "./share.js";
import { TorrentStore } from "./torrent-store.js";
import { preferredTrack, rememberTrack, shownTrack, trackElement } from "./tracks.js";
import { UpNext } from "./up-next.js";
import * as words from "./words.js";

const SAVE_EVERY = 5;

class PlayerPage extends HTMLElement {
  #end = new AbortController();
  #opened = new AbortController();
  #store = null;
  #file = null;
  #saved = 0;
  #resumed = false;
  #video = el("video", { slot: "media", playsinline: true, preload: "auto" });
  #playback = new Playback(this.#video, (problem) => this.#tell(problem));
  #nextButton = el("button", { type: "button", class: "in-bar", "aria-label": "Next (Shift+N)", onclick: () => this.go(1) }, icon("next"));
  #castButton = el("button", { type: "button", class: "in-bar", "aria-label": "Play on a device", hidden: true, onclick: () => this.#toDevice() }, icon("cast"));
  #cover = new CastCover({
    away: () => this.#away(),
    back: (point, plays) => this.#open(this.#file, point ?? this.#left, plays),
    next: (cast) => this.go(1, cast),
    moved: () => this.#moved(),
  }, this.#end.signal);
  #left = null;
  #resume = new ResumeNote(this.#video, this.#end.signal);
  #overlay = el("div", { class: "overlay", role: "status" });
  #upNext = new UpNext(this.#video, () => this.go(1));
  #title = el("h1", { class: "player-title" });
  #state = el("p", { class: "state" });
  #notice = el("div", { role: "alert" });
  #map = el("hr-map");
  #list = el("ol", { class: "rows" });
  #listed = null;
  #listBox = el("section", { class: "files", "aria-label": "All that plays in this torrent", hidden: true });

  connectedCallback() {
    const infohash = this.getAttribute("infohash");
    this.#store = new TorrentStore(infohash, this.#end.signal);
    const controller = controls(this.#video, this.#nextButton, this.#castButton);
    const stage = el("div", { class: "stage" },
      this.#resume.node, controller, this.#cover.node, this.#overlay, this.#upNext.node);
    controller.fullscreenElement = stage; // with what is said over the picture
    raiseCues(this.#video, controller, this.#end.signal);
    this.#listBox.append(el("h2", {}, "In this torrent"), this.#list);
    this.append(
      stage,
      el("div", { class: "player-head" },
        el("a", { class: "back", href: `#/t/${infohash}` }, icon("back"), "Torrent"),
        el("div", { class: "actions" },
          el("button", { type: "button", onclick: () => shareDialog(this.#store, this.#file, this.#castable()) }, icon("share"), el("span", {}, "Open elsewhere")),
          el("button", { type: "button", class: "quiet only-keys", onclick: helpDialog }, icon("keys"), el("span", {}, "Keys")))),
      this.#title, this.#state, this.#notice,
      el("section", { class: "panel", "aria-label": "Stream map" }, el("h2", {}, "Stream map"), this.#map),
      this.#listBox);
    this.#listen();
    this.#store.load();
  }

  disconnectedCallback() {
    this.#save();
    this.#end.abort();
    this.#opened.abort();
    this.#playback.close();
    this.#video.removeAttribute("src");
    this.#video.load(); // lets go of the connection, and so of the place in the file
  }

  #listen() {
    const signal = this.#end.signal;
    this.#store.addEventListener("change", () => this.#changed());
    this.#store.addEventListener("live", () => this.#live());
    this.#store.addEventListener("map", () => this.#moved());
    const on = (names, listener) => names.split(" ").forEach((name) => this.#video.addEventListener(name, listener, { signal }));
    on("loadedmetadata", () => this.#known());
    on("playing", () => { if (this.#playback.streams) this.#notice.replaceChildren(); });
    on("timeupdate", () => this.#ticked());
    on("pause seeked", () => this.#save());
    on("waiting seeking loadstart playing canplay pause play error stalled emptied", () => this.#live());
    on("error", () => this.#broke());
    on("ended", () => this.#ended());
    this.#video.textTracks.addEventListener("change", () => rememberTrack(this.#video), { signal });
    this.#map.addEventListener("seekto", ({ detail }) => {
      if (Number.isFinite(this.#shown.duration)) this.#shown.currentTime = detail * this.#shown.duration;
    });
    const able = () => { this.#castButton.hidden = !casts.able; };
    casts.addEventListener("change", able, { signal });
    able();
    window.addEventListener("pagehide", () => this.#save(), { signal });
    listenForKeys({ video: () => this.#shown, stage: () => this.querySelector(".stage"), go: (by) => this.go(by) }, signal);
  }

  // which file
  #changed() {
    const { problem, gone } = this.#store;
    if (gone) {
      location.hash = "#/";
      return;
    }
    if (problem) this.#tell(problem);
    const file = this.#store.file(Number(this.#file?.index ?? this.getAttribute("index")));
    if (!file) {
      if (this.#store.files.length) this.#tell("The torrent has no such file.");
      return this.#live();
    }
    if (this.#file?.index === file.index) this.#file = file;
    else this.#open(file);
    this.#showList();
    this.#live();
    this.#moved();
  }

  /** Play another file in the same element, so that fullscreen stays, or on the same device; whether there is one. */
  go(by, cast = this.#cover.cast) {
    const file = this.#store.next(this.#file, by);
    if (!file) return false;
    this.#save();
    history.replaceState(null, "", `#/t/${this.#store.infohash}/${file.index}`);
    if (cast) this.#cover.begin(cast, { infohash: this.#store.infohash, index: file.index });
    this.#open(file);
    this.#showList();
    return true;
  }

  /** Play a file here, from a point that is known or where somebody stopped; unless a device plays it. */
  async #open(file, point = null, plays = true) {
    this.#opened.abort();
    this.#opened = new AbortController();
    const { signal } = this.#opened;
    this.#file = file;
    this.#resumed = false;
    this.#saved = 0;
    this.#left = point;
    this.#upNext.reset();
    this.#resume.hide();
    this.#notice.replaceChildren();
    this.#cover.follow(this.#store.torrent.infohashes, file.index);
    say(this.#title, words.fileTitle(file));
    document.title = `${words.baseName(file.path)} – Headrace`;
    this.#nextButton.hidden = !this.#store.next(file);
    this.#video.replaceChildren();
    this.#live();
    if (this.#cover.away) {
      this.#away();
      return;
    }
    const decided = this.#playback.open(this.#store.infohash, file, api.local(file.url), signal);
    this.#announce();
    if (plays) this.#video.play().catch(() => {}); // not without a click; then the button waits for one
    await Promise.all([this.#addSubtitles(file, signal), decided.then(() => this.#warn(file, signal))]);
  }

  /** A device plays it: let go of the file. */
  #away() {
    if (this.#resumed) this.#left = this.#video.currentTime;
    this.#resumed = false; // and where it is here is no place to keep
    this.#opened.abort();
    this.#playback.close();
    this.#video.pause();
    this.#video.removeAttribute("src");
    this.#video.load();
    this.#video.replaceChildren();
    this.#upNext.reset();
    this.#resume.hide();
  }

  #toDevice() {
    castDialog({ infohash: this.#store.infohash, index: this.#file.index, name: words.fileTitle(this.#file), ...this.#castable() });
  }

  /** What the dialog for devices is to know: where this video is, and which subtitles it shows. */
  #castable() {
    let played = false;
    return {
      start: () => {
        played = !this.#video.paused;
        this.#video.pause();
        return this.#resumed ? this.#video.currentTime : null;
      },
      subtitles: () => shownTrack(this.#video),
      begun: (cast) => this.#cover.begun(cast),
      failed: () => { if (played) this.#video.play().catch(() => {}); },
    };
  }

  #announce() {
    if (!("mediaSession" in navigator)) return;
    navigator.mediaSession.metadata = new MediaMetadata({ title: words.baseName(this.#file.path), album: this.#store.torrent.name });
    navigator.mediaSession.setActionHandler("nexttrack", this.#store.next(this.#file) ? () => this.go(1) : null);
    navigator.mediaSession.setActionHandler("previoustrack", this.#store.next(this.#file, -1) ? () => this.go(-1) : null);
  }

  /** Files beside the video at once; its own tracks when it plays, for then their bytes are there. */
  async #addSubtitles(file, signal) {
    const { infohash } = this.#store;
    const found = await api.subtitles(infohash, file.index).catch(() => ({ looked: true, subtitles: [] }));
    this.#addTracks(file, found.subtitles, signal);
    if (found.looked || signal.aborted) return;
    await playing(this.#video, signal);
    const inside = await api.subtitles(infohash, file.index, true).catch(() => ({ subtitles: [] }));
    this.#addTracks(file, inside.subtitles.filter((track) => track.file === null), signal);
  }

  #addTracks(file, tracks, signal) {
    if (signal.aborted || !tracks.length) return;
    this.#video.append(...tracks.map((track) => (track.file === null
      ? new InnerTrack(this.#video, this.#store.infohash, file, track, signal).element
      : trackElement(track, api.local(track.url)))));
    preferredTrack(this.#video);
  }

  async #warn(file, signal) {
    const lacks = await shortcomings(this.#store.infohash, file, this.#video, signal);
    if (lacks && !signal.aborted) this.#tell(lacks);
  }

  #tell(text) {
    const open = el("button", { type: "button", class: "quiet", onclick: () => shareDialog(this.#store, this.#file, this.#castable()) }, "Open elsewhere");
    this.#notice.replaceChildren(el("p", { class: "problem" }, text, " ", this.#file ? open : null));
  }

  #broke() {
    if (!this.#video.error || !this.#video.getAttribute("src")) return;
    this.#tell(this.#video.error.code === MediaError.MEDIA_ERR_SRC_NOT_SUPPORTED
      ? "This browser cannot play this kind of file. A player on this device can."
      : `Playing stopped: ${this.#video.error.message || "the stream broke off"}.`);
  }

  // time
  async #known() {
    if (this.#resumed || !this.#file) return;
    this.#resumed = true;
    const file = this.#file;
    if (this.#left !== null) {
      this.#video.currentTime = this.#left;
      return;
    }
    const point = await resumePoint(this.#store.infohash, file.index);
    if (file !== this.#file || point <= 0 || this.#video.currentTime >= 5) return;
    this.#video.currentTime = point;
    this.#resume.show(point);
  }

  #ticked() {
    if (Math.abs(this.#video.currentTime - this.#saved) >= SAVE_EVERY) this.#save();
    this.#moved();
    const next = this.#file && this.#store.next(this.#file);
    if (next) this.#upNext.ticked(this.#file, next, api.local(next.url), this.#opened.signal);
  }

  #ended() {
    this.#save();
    if (this.#upNext.wanted(this.#file)) this.go(1);
  }

  #save() {
    const { currentTime, duration } = this.#video;
    if (!this.#file || !this.#resumed || !(currentTime > 0)) return;
    this.#saved = currentTime;
    savePosition(this.#store.infohash, this.#file.index, currentTime, duration);
  }

  // how it is doing
  /** The video, or what stands for it. */
  get #shown() {
    return this.#cover.media ?? this.#video;
  }

  #moved() {
    const { pieces } = this.#store;
    const { currentTime, duration } = this.#shown;
    if (!this.#file) return;
    const share = Number.isFinite(duration) && duration > 0 ? currentTime / duration : 0;
    this.#map.update(pieces, this.#file, share);
    this.#live();
  }

  #live() {
    const { torrent, pieces } = this.#store;
    if (!torrent) return;
    const figures = [`${words.rate(torrent.down_rate)} from ${torrent.peers === 1 ? "1 peer" : `${torrent.peers} peers`}`];
    if (this.#file && pieces.known) {
      figures.unshift(`${words.percent(pieces.share(this.#file))} there`);
      const seconds = this.#ahead();
      if (seconds !== null) figures.unshift(`${words.clock(seconds)} ahead of you`);
    }
    say(this.#state, figures.join(" · "));
    const text = this.#held() ? this.#why() : "";
    say(this.#overlay, text);
    this.#overlay.hidden = !text;
  }

  #byte() {
    const { currentTime, duration } = this.#shown;
    return Number.isFinite(duration) && duration > 0 ? Math.floor((currentTime / duration) * this.#file.size) : 0;
  }

  /** Seconds that lie ready after what is shown; null while the length is not known. */
  #ahead() {
    const { duration } = this.#shown;
    if (!Number.isFinite(duration) || !(duration > 0)) return null;
    return (this.#store.pieces.ahead(this.#file, this.#byte()) / this.#file.size) * duration;
  }

  /** Whether the picture stands still for want of data. */
  #held() {
    const video = this.#video;
    if (this.#cover.away) return ["starting", "buffering"].includes(this.#cover.cast?.state);
    return !video.error && !video.ended && video.readyState < HTMLMediaElement.HAVE_FUTURE_DATA && Boolean(this.#file || !this.#store.files.length);
  }

  #why() {
    const { torrent, waiting, pieces } = this.#store;
    const lines = [];
    if (waiting) lines.push(`${words.reason(waiting.reason)}: ${waiting.detail}`);
    const needed = this.#file && pieces.known ? pieces.needed(this.#file, this.#byte()) : Infinity;
    if (needed > 0 && Number.isFinite(needed) && torrent.down_rate > 1024) {
      lines.push(`Plays in about ${words.about(needed / torrent.down_rate)}`);
    } else if (torrent.time_to_playable > 0) {
      lines.push(`Plays in about ${words.about(torrent.time_to_playable)}`);
    } else if (!lines.length && torrent.state !== "playing") {
      lines.push(words.state(torrent.state));
    }
    return lines.join(". ");
  }

  #showList() {
    const { playlist } = this.#store;
    if (playlist !== this.#listed) {
      this.#listed = playlist;
      this.#listBox.hidden = playlist.length < 2;
      this.#list.classList.toggle("many", playlist.length > words.MANY);
      this.#list.replaceChildren(...playlist.map((file) => this.#row(file)));
    }
    const current = this.#list.children[playlist.indexOf(this.#file)]?.firstChild;
    this.#list.querySelector("[aria-current]")?.removeAttribute("aria-current");
    current?.setAttribute("aria-current", "true");
  }

  #row(file) {
    return el("li", {}, el("a", { class: "row", href: `#/t/${this.#store.infohash}/${file.index}` },
      el("span", { class: "row-mark" }, words.episodeLabel(file.episode) || icon("play")),
      el("span", { class: "row-name" }, words.baseName(file.path)),
      el("span", { class: "row-size" }, words.size(file.size))));
  }
}

/** Returns when it plays, or when the signal ends it. */
function playing(video, signal) {
  if (video.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA) return Promise.resolve();
  return new Promise((resolve) => {
    video.addEventListener("canplay", resolve, { signal, once: true });
    signal.addEventListener("abort", resolve, { once: true });
  });
}

customElements.define("hr-player", PlayerPage);
