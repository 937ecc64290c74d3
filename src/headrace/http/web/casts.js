// What devices in the network play, as the server tells it. Rules: what somebody here wishes is shown at once, and one
// request at a time is under way for each device: of what is wished meanwhile the last counts.

import * as api from "./api.js";
import { toast } from "./dom.js";
import { live } from "./live.js";
import * as words from "./words.js";

const OVER = new Set(["ended", "failed"]);
/** Seconds before the end from which on a film counts as seen to its end. */
const END = 3;

class Casts extends EventTarget {
  #casts = new Map();
  #wishes = new Map();
  #over = new Set();
  /** Whether this server casts; known once `load` has returned. */
  able = false;

  constructor() {
    super();
    const forever = new AbortController().signal;
    live.hear((news) => news.event === "cast" && this.#heard(news), forever);
    live.again(() => this.load(), forever);
  }

  async load() {
    try {
      const found = (await api.casts()).filter(({ id }) => !this.#over.has(id)); // an event may overtake the answer
      this.able = true;
      const there = new Set(found.map(({ id }) => id));
      for (const cast of this.all) if (!there.has(cast.id)) this.#end({ ...cast, state: "ended" });
      this.#casts = new Map(found.map((cast) => [cast.id, cast]));
      this.#changed();
    } catch (error) {
      if (!(error instanceof api.ApiError)) throw error; // a server of one torrent casts nothing
    }
  }

  get all() {
    return [...this.#casts.values()];
  }

  /** The cast of this file, or null. */
  of(infohashes, index) {
    return this.all.find((cast) => cast.index === index && infohashes.includes(cast.infohash)) ?? null;
  }

  get(id) {
    return this.#casts.get(id) ?? null;
  }

  /** Have a device play; `signal` calls it off. Whatever else played there ends. */
  async begin(what, signal) {
    const cast = await api.beginCast(what, signal);
    if (cast.hls) toast(`Sent as HLS: ${cast.note}`);
    else if (cast.note) toast(`It may not play on ${cast.name}: ${cast.note}`);
    this.#heard(cast);
    return cast;
  }

  /** `{paused, position, volume, muted}`, as far as they are to change. */
  steer(id, change) {
    const cast = this.#casts.get(id);
    if (!cast) return;
    const sending = this.#wishes.has(id);
    this.#wishes.set(id, { ...this.#wishes.get(id), ...change });
    const { paused, ...figures } = change;
    const state = paused === undefined || cast.state === "starting" ? cast.state : paused ? "paused" : "playing";
    this.#casts.set(id, { ...cast, ...figures, state });
    this.#changed();
    if (!sending) this.#send(id);
  }

  async #send(id) {
    let sent = {};
    try {
      while (Object.keys(this.#wishes.get(id)).length) {
        sent = this.#wishes.get(id);
        this.#wishes.set(id, {});
        await api.changeCast(id, sent);
      }
      this.#wishes.delete(id);
    } catch (error) {
      this.#wishes.delete(id);
      if (!(error instanceof api.ApiError)) throw error;
      toast(error.text, "error");
      this.load(); // it is as it was, and not as it was wished
    }
  }

  async stop(id) {
    try {
      await api.endCast(id);
    } catch (error) {
      if (!(error instanceof api.ApiError)) throw error;
      if (error.status !== 404) toast(error.text, "error"); // 404: it was over already
    }
    const cast = this.#casts.get(id);
    if (cast) this.#end({ ...cast, state: "ended" });
  }

  #heard(news) {
    if (this.#over.has(news.id)) return;
    this.able = true;
    if (OVER.has(news.state)) {
      this.#end(news);
      return;
    }
    const known = this.#casts.get(news.id);
    // what it says while it is being told something is older than what it is told
    const wished = this.#wishes.has(news.id) && known ? pick(known, ["position", "volume", "muted", "state"]) : {};
    this.#casts.set(news.id, { ...news, ...wished });
    this.#changed();
  }

  #end(cast) {
    this.#over.add(cast.id);
    this.#casts.delete(cast.id);
    if (cast.state === "failed") toast(`${cast.message || `${cast.name} failed`}.`, "error");
    else if (cast.message) toast(`${cast.name}: ${cast.message}.`);
    this.dispatchEvent(new CustomEvent("over", { detail: cast }));
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

const pick = (from, names) => Object.fromEntries(names.map((name) => [name, from[name]]));

/** Whether a cast that is over had come to the end of its film. */
export const seen = ({ state, position, duration }) =>
  state === "ended" && duration > 0 && position !== null && position >= duration - END;

const STATES = { starting: "Starting on", buffering: "Loading on", paused: "Paused on" };

/** "Playing on Living Room". */
export const phrase = ({ state, name }) => `${STATES[state] ?? "Playing on"} ${name}`;

/** "12:05 of 1:30:00". */
export const placePhrase = ({ position, duration }) => `${words.clock(position ?? 0)} of ${words.clock(duration ?? NaN)}`;

export const casts = new Casts();

/** A film on a device, as far as the keys and the stream map know a video. */
export class FarVideo {
  constructor(id) {
    this.id = id;
  }

  get #cast() {
    return casts.get(this.id) ?? {};
  }

  get currentTime() {
    return this.#cast.position ?? 0;
  }

  set currentTime(position) {
    casts.steer(this.id, { position: Math.round(position * 10) / 10 });
  }

  get duration() {
    return this.#cast.duration ?? NaN;
  }

  get paused() {
    return this.#cast.state === "paused";
  }

  get volume() {
    return this.#cast.volume ?? 0;
  }

  set volume(volume) {
    if (typeof this.#cast.volume === "number") casts.steer(this.id, { volume: Math.round(volume * 100) / 100 });
  }

  get muted() {
    return this.#cast.muted ?? false;
  }

  set muted(muted) {
    if (typeof this.#cast.muted === "boolean" && muted !== this.muted) casts.steer(this.id, { muted });
  }

  get textTracks() {
    return [];
  }

  async play() {
    casts.steer(this.id, { paused: false });
  }

  pause() {
    casts.steer(this.id, { paused: true });
  }
}
