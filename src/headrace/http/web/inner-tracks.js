// Subtitles inside the video, beside its playing: the server reads them out of what is there, part by part.
// Only of the track that is shown, and only as far as the picture has come: nothing is fetched for them.

import * as api from "./api.js";
import { trackElement } from "./tracks.js";

/** Seconds that are asked for at once, and seconds before the known end in which the next part is asked for. */
const PART = 60;
const BEFORE = 10;
/** Seconds that must have come since the last answer for another to be worth it. */
const MORE = 4;

export class InnerTrack {
  #video;
  #infohash;
  #file;
  #name;
  #signal;
  #spans = []; // [from, until], in order, apart
  #seen = new Set();
  #asking = false;
  #tried = -Infinity; // the end of what was there when the last answer brought nothing new

  constructor(video, infohash, file, track, signal) {
    this.#video = video;
    this.#infohash = infohash;
    this.#file = file;
    this.#name = track.track;
    this.#signal = signal;
    const empty = URL.createObjectURL(new Blob(["WEBVTT\n\n"], { type: "text/vtt" }));
    this.element = trackElement(track, empty);
    this.element.addEventListener("load", () => { URL.revokeObjectURL(empty); this.follow(); }, { once: true });
    const follow = () => this.follow();
    for (const name of ["timeupdate", "progress", "playing"]) video.addEventListener(name, follow, { signal });
    video.addEventListener("seeking", () => { this.#tried = -Infinity; }, { signal });
    video.textTracks.addEventListener("change", follow, { signal });
  }

  /** Ask for the next part if it is time, and there is more than before. */
  follow() {
    if (this.#asking || this.#signal.aborted || this.element.readyState !== HTMLTrackElement.LOADED) return;
    if (this.element.track.mode !== "showing" || this.#video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return;
    const now = this.#video.currentTime;
    const known = this.#known(now);
    const there = bufferedUntil(this.#video, now);
    if (known >= now + BEFORE || known >= this.#video.duration - 0.5 || there <= known) return;
    if (there < this.#tried + MORE && there < this.#video.duration - 0.5) return;
    this.#ask(known, there);
  }

  async #ask(from, there) {
    this.#asking = true;
    try {
      const part = await api.cues(this.#infohash, this.#file.index, this.#name, from, from + PART, this.#signal);
      this.#add(part.cues);
      this.#spans = joined([...this.#spans, [from, part.until]]);
      this.#tried = part.until > from + MORE ? -Infinity : there;
    } catch (error) {
      if (!(error instanceof api.ApiError)) throw error;
      this.#tried = there; // again when more came
    } finally {
      this.#asking = false;
    }
  }

  #add(cues) {
    for (const { start, end, text, settings } of cues) {
      const key = `${start} ${end} ${text}`;
      if (this.#seen.has(key)) continue;
      this.#seen.add(key);
      this.element.track.addCue(placed(new VTTCue(start, end, text), settings));
    }
  }

  /** The second until which all is known from here on. */
  #known(now) {
    return this.#spans.find(([from, until]) => from <= now + 0.1 && now < until)?.[1] ?? now;
  }
}

/** WebVTT's settings, as far as the server uses them. */
function placed(cue, settings) {
  for (const setting of settings.split(" ")) {
    const [name, value] = setting.split(":");
    if (name === "align") cue.align = value;
    if (name === "line") {
      cue.snapToLines = !value.endsWith("%");
      cue.line = parseFloat(value);
    }
  }
  return cue;
}

/** Until where the browser has what is played; the server has it too. */
function bufferedUntil(video, now) {
  const { buffered } = video;
  for (let range = 0; range < buffered.length; range += 1) {
    if (buffered.start(range) <= now + 0.5 && now <= buffered.end(range)) return buffered.end(range);
  }
  return now;
}

function joined(spans) {
  const found = [];
  for (const [from, until] of spans.filter(([a, b]) => b > a).sort(([a], [b]) => a - b)) {
    const last = found.at(-1);
    if (last && from <= last[1] + 0.1) last[1] = Math.max(last[1], until);
    else found.push([from, until]);
  }
  return found;
}
