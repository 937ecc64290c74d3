// The audio tracks of a video, in the shape of HTML's AudioTrackList, for browsers that have none (all but Safari):
// the controls' menu knows no other.

class AudioTrack {
  #list;

  constructor(list, { id, label, language }) {
    this.#list = list;
    Object.assign(this, { id, label, language, kind: "main" });
  }

  get enabled() {
    return this.#list.chosen === this;
  }

  /** One at a time: another one is chosen instead, and none is switched off. */
  set enabled(on) {
    if (on) this.#list.choose(this.id);
  }
}

/** Tells `addtrack` and `removetrack` when it is filled, `change` when another track is chosen. */
export class AudioTracks extends EventTarget {
  #tracks = [];
  chosen = null;

  /** The list of this video, put where the browser has none; null where it has one. */
  static of(video) {
    if ("audioTracks" in video) return null;
    const list = new AudioTracks();
    Object.defineProperty(video, "audioTracks", { value: list });
    return list;
  }

  get length() {
    return this.#tracks.length;
  }

  [Symbol.iterator]() {
    return this.#tracks.values();
  }

  /** Other tracks: `{id, label, language}` each. `id` is the one that is heard, which nobody is told of. */
  fill(tracks, id) {
    this.#tracks = tracks.map((track) => new AudioTrack(this, track));
    this.chosen = this.#find(id);
    this.dispatchEvent(new Event(tracks.length ? "addtrack" : "removetrack"));
  }

  choose(id) {
    const track = this.#find(id);
    if (!track || track === this.chosen) return;
    this.chosen = track;
    this.dispatchEvent(new Event("change"));
  }

  #find(id) {
    return this.#tracks.find((track) => track.id === String(id)) ?? null;
  }
}
