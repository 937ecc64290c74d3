// What happens on the server, as it happens: one EventSource for the whole page, nothing polls.

import { Pieces } from "./pieces.js";

const NAMES = [
  "starting", "added", "removed", "metadata", "selected", "serving", "ready", "player", "progress", "waiting",
  "resumed", "warning", "error", "done", "map", "changed", "position", "demo", "evicted",
  "cast",
];

class Live extends EventTarget {
  #source = null;
  #map = "";
  #last = "";
  #lost = false;
  #pieces = new Pieces();
  #refused = false;

  constructor() {
    super();
    document.addEventListener("hr-login", () => { this.#refused = true; }); // the page is loaded anew after it
  }

  /** Listen; with an info-hash also to its stream map, which is kept up to date in what is returned. */
  follow(infohash = "") {
    if (this.#source && this.#map === infohash) return this.#pieces;
    if (this.#map !== infohash) this.#pieces = new Pieces();
    this.#map = infohash;
    this.close();
    // what happens while one stream follows another is told too
    const query = new URLSearchParams({ ...(infohash && { map: infohash }), ...(this.#last && { last: this.#last }) });
    this.#source = new EventSource(`/api/v1/events?${query}`);
    this.#source.addEventListener("open", () => this.#opened());
    this.#source.addEventListener("error", () => this.#broke());
    for (const name of NAMES) {
      this.#source.addEventListener(name, (message) => {
        this.#last = message.lastEventId || this.#last;
        if (message.data) this.#tell(JSON.parse(message.data));
      });
    }
    return this.#pieces;
  }

  #tell(news) {
    if (news.event === "map") this.#pieces.apply(news);
    this.dispatchEvent(new CustomEvent("news", { detail: news }));
  }

  /** Hear all news until the signal ends it. */
  hear(listener, signal) {
    this.addEventListener("news", (event) => listener(event.detail), { signal });
  }

  /** What may have changed unheard is to be asked for again. */
  again(listener, signal) {
    this.addEventListener("again", listener, { signal });
  }

  close() {
    this.#source?.close();
    this.#source = null;
  }

  #opened() {
    if (this.#lost) this.dispatchEvent(new Event("again"));
    this.#lost = false;
    this.dispatchEvent(new Event("open"));
  }

  #broke() {
    this.#lost = true;
    this.dispatchEvent(new Event("lost"));
    if (this.#source?.readyState === EventSource.CLOSED) {
      // refused (401, 503): a browser does not come back by itself then
      const map = this.#map;
      this.close();
      askWhy();
      setTimeout(() => this.#source ?? (this.#refused || this.follow(map)), 3000);
    }
  }
}

/** Whoever was logged out meanwhile is asked for the token; of a stream that is refused nothing else can be known. */
async function askWhy() {
  const answer = await fetch("/api/v1/events", { method: "HEAD", cache: "no-store" }).catch(() => null);
  if (answer?.status === 401) document.dispatchEvent(new CustomEvent("hr-login"));
}

export const live = new Live();
