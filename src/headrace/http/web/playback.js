// How a film is played: as it is, which is the rule, or as HLS, where the browser does not open the file or does not
// decode, or has no way to choose, the sound that is wanted. Nobody waits for that decision: the file is played at
// once, and what is known of it a moment later may change that.

import * as api from "./api.js";
import { AudioTracks } from "./audio-tracks.js";
import { buffersPicture, decodesPicture, decodesSound, nativeHls, opens } from "./decoders.js";
import * as words from "./words.js";

const KEY = "headrace:audio";
/** Milliseconds: a segment waits for the swarm as long as it takes. */
const NO_LIMIT = 1 << 30;
const WAITS = { maxTimeToFirstByteMs: NO_LIMIT, maxLoadTimeMs: NO_LIMIT };
const AGAIN = { maxNumRetry: 3, retryDelayMs: 1000, maxRetryDelayMs: 8000 };
const POLICY = { default: { ...WAITS, timeoutRetry: AGAIN, errorRetry: AGAIN } };
/** Seconds that are kept after they were played. */
const BEHIND = 60;

/** What to do with a film: `track` is the audio track to play, `direct` the one that the browser plays by itself. */
export function decide(video, file, media, language) {
  const sounds = media.tracks.filter((track) => track.kind === "audio");
  const picture = media.tracks.find((track) => track.kind === "video");
  const direct = sounds.find((track) => decodesSound(video, track)) ?? null;
  const track = sounds.find((each) => language && each.language === language)
    ?? sounds.find((each) => each.default) ?? sounds[0] ?? null;
  const able = Boolean(picture && (buffersPicture(picture) || (nativeHls(video) && decodesPicture(video, picture))));
  return { sounds, direct, track, able, needed: able && (!opens(video, file) || direct !== track) };
}

export class Playback {
  #video;
  #tracks;
  #hls = null;
  #open = null;
  #failed;

  /** `failed` is told in words what does not work. To be made before the controls are, which look for audio tracks. */
  constructor(video, failed) {
    this.#video = video;
    this.#failed = failed;
    this.#tracks = AudioTracks.of(video);
    this.#tracks?.addEventListener("change", () => this.#choose());
  }

  /** Whether HLS is played. */
  get streams() {
    return this.#hls !== null;
  }

  /** Play a file from its start; `signal` ends what is under way. Returns when it is known how it plays. */
  async open(infohash, file, src, signal) {
    this.close();
    this.#open = { infohash, file, signal };
    this.#video.src = src;
    this.#tracks?.fill([], null);
    const media = file.kind === "video" ? await api.media(infohash, file.index).catch(() => null) : null;
    if (signal.aborted || !media) return;
    const found = decide(this.#video, file, media, remembered());
    if (found.able && found.sounds.length > 1) {
      this.#tracks?.fill(found.sounds.map(described), (found.needed ? found.track : found.direct)?.index);
    }
    if (found.needed) await this.#stream(found.track?.index);
  }

  /** Let go of the video. */
  close() {
    this.#hls?.destroy();
    this.#hls = null;
    this.#open = null;
  }

  async #choose() {
    const { id, language } = this.#tracks.chosen;
    remember(language);
    if (this.#hls && select(this.#hls, id)) return;
    const place = placeOf(this.#video);
    this.#hls?.destroy(); // a browser changes from codec to codec at a new beginning only
    this.#hls = null;
    await this.#stream(id, place);
  }

  /** Go on as HLS, at the same place, with this audio track (the file's number). */
  async #stream(track, place) {
    if (!this.#open) return;
    const { infohash, file, signal } = this.#open;
    const url = `/hls/${infohash}/${file.index}/master.m3u8`;
    // asked here first: what is wrong is told in the server's words, and the file is played on as it is
    const problem = await problemOf(url, signal);
    if (signal.aborted) return;
    if (problem) {
      this.#tracks?.fill([], null); // nothing to choose from after all
      this.#failed(problem);
    } else if (nativeHls(this.#video)) this.#native(url);
    else await this.#buffered(url, track, signal, place);
  }

  #native(url) {
    const at = this.#video.currentTime;
    this.#video.src = url;
    this.#video.addEventListener("loadedmetadata", () => { if (at) this.#video.currentTime = at; }, { once: true });
    this.#video.play().catch(() => {});
  }

  async #buffered(url, track, signal, place) {
    const { default: Hls } = await import("./vendor/hls.js");
    if (signal.aborted || this.#hls) return;
    const { at, plays, rate } = place ?? placeOf(this.#video);
    const hls = this.#hls = new Hls({
      autoStartLoad: false,
      enableWorker: false, // nothing is to be taken apart: segments are what the browser wants
      backBufferLength: BEHIND,
      fragLoadPolicy: POLICY,
      playlistLoadPolicy: POLICY,
      manifestLoadPolicy: POLICY,
      subtitleTrackController: undefined, // subtitles are the page's own
      subtitleStreamController: undefined,
      timelineController: undefined,
    });
    hls.on(Hls.Events.MANIFEST_PARSED, () => {
      // the present choice: it may have changed meanwhile
      begin(hls, this.#tracks?.chosen?.id ?? track);
      hls.startLoad(at);
    });
    hls.on(Hls.Events.ERROR, (_, { fatal, type, details }) => { if (fatal) this.#broke(hls, Hls, type, details); });
    hls.attachMedia(this.#video);
    hls.loadSource(url);
    this.#video.playbackRate = rate;
    if (plays) this.#video.play().catch(() => {}); // not without a click
  }

  #broke(hls, Hls, type, details) {
    if (type === Hls.ErrorTypes.MEDIA_ERROR && !hls.recovered) {
      hls.recovered = true;
      hls.recoverMediaError();
    } else {
      this.#failed(`Playing stopped: ${details}.`);
    }
  }
}

/** Where it is, before what is played changes. */
function placeOf({ currentTime, paused, readyState, playbackRate }) {
  return { at: currentTime, plays: !paused || readyState === 0, rate: playbackRate };
}

/** An audio track by the file's number, and the line of the playlist that its codec has. */
function optionOf(hls, track) {
  const option = hls.allAudioTracks.find(({ url }) => url.includes(`/a${track}/`));
  return { option, level: hls.levels.findIndex(({ audioGroups }) => audioGroups?.includes(option?.groupId)) };
}

/** Which audio track is to be heard first. */
function begin(hls, track) {
  const { option, level } = optionOf(hls, track);
  if (!option || level < 0) return;
  hls.loadLevel = level;
  hls.setAudioOption(option);
}

/** Change to another audio track; false when it has another codec. */
function select(hls, track) {
  const { option, level } = optionOf(hls, track);
  if (!option || level !== hls.loadLevel) return false;
  hls.setAudioOption(option);
  return true;
}

function described({ index, language, title, channels }) {
  const extra = [title, channels > 2 ? `${channels} channels` : ""].filter(Boolean).join(", ");
  const name = words.language(language) || `Track ${index}`;
  return { id: String(index), language, label: extra ? `${name} (${extra})` : name };
}

/** What the server says against a playlist; empty when it is fine. */
async function problemOf(url, signal) {
  try {
    const response = await fetch(url, { signal, credentials: "same-origin", cache: "no-store" });
    if (response.ok) return "";
    const { error } = await response.json();
    return [error.message, error.hint].filter(Boolean).join(" ");
  } catch {
    return "The server does not answer.";
  }
}

/** The language that was chosen last; the next episode is heard in it too. */
function remembered() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null; // no storage: nothing is remembered
  }
}

function remember(language) {
  try {
    if (language) localStorage.setItem(KEY, language);
  } catch {
    // as above
  }
}
