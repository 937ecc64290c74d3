// One torrent as the pages see it: what the API says, kept up to date by events.

import * as api from "./api.js";
import { live } from "./live.js";

export class TorrentStore extends EventTarget {
  #loading = null;
  #again = null;
  #byIndex = new Map();

  constructor(infohash, signal) {
    super();
    this.infohash = infohash;
    this.torrent = null;
    this.files = [];
    /** What plays, in order. */
    this.playlist = [];
    this.waiting = null;
    this.problem = "";
    this.gone = false;
    this.pieces = live.follow(infohash);
    live.hear((news) => this.#heard(news), signal);
    live.again(() => this.load(), signal);
  }

  /** Ask for all of it; tells `change` when it came, with `problem` set when it did not. Who asks while it is asked for
   * already gets what is true after that: however many events come, two requests are under way at most. */
  load() {
    if (this.#loading) return (this.#again ??= this.#loading.then(() => this.load()));
    this.#again = null;
    this.#loading = this.#load().finally(() => { this.#loading = null; });
    return this.#loading;
  }

  async #load() {
    try {
      // the files of a torrent never change; there are none before its metadata
      const asked = [api.torrent(this.infohash), this.files.length ? this.files : api.files(this.infohash)];
      const [torrent, files] = await Promise.all(asked);
      this.torrent = torrent;
      if (files !== this.files) this.#take(files);
      this.waiting = torrent.waiting;
      this.problem = "";
    } catch (error) {
      if (!(error instanceof api.ApiError)) throw error;
      const gone = error.kind === "no_torrent" ? `${error.message} It was removed, or never added to this server.` : error.text;
      this.problem = error.status === 401 ? "" : gone; // the dialog says it
    }
    this.#tell("change");
  }

  #take(files) {
    this.files = files;
    this.#byIndex = new Map(files.map((file) => [file.index, file]));
    this.playlist = files.filter((file) => file.order !== null).sort((a, b) => a.order - b.order);
  }

  file(index) {
    return this.#byIndex.get(index) ?? null;
  }

  /** What comes after a file, or null. */
  next(file, by = 1) {
    return file.order === null ? null : this.playlist[file.order + by] ?? null;
  }

  #heard(news) {
    if (news.infohash !== this.infohash && !this.torrent?.infohashes.includes(news.infohash)) return;
    if (news.event === "map") {
      this.#tell("map");
    } else if (["metadata", "selected", "changed", "evicted"].includes(news.event)) {
      this.load();
    } else if (news.event === "removed") {
      this.gone = true;
      this.#tell("change");
    } else if (this.torrent) {
      this.#live(news);
    }
  }

  #live(news) {
    if (news.event === "progress") {
      const { event, t, share, ...figures } = news;
      Object.assign(this.torrent, figures, { progress: share ?? this.torrent.progress });
      if (!["waiting", "buffering", "connecting", "metadata", "checking", "paused"].includes(news.state)) this.waiting = null;
    } else if (news.event === "waiting") {
      this.waiting = news;
    } else if (news.event === "resumed" || news.event === "ready") {
      this.waiting = null;
    } else {
      return;
    }
    this.#tell("live");
  }

  #tell(name) {
    this.dispatchEvent(new Event(name));
  }
}
