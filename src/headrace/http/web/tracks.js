// Subtitle tracks, and which one was liked last.

import { el } from "./dom.js";
import * as words from "./words.js";

const KEY = "headrace:subtitles";

export function trackElement(track, src) {
  const about = { srclang: track.language || "und", label: words.trackLabel(track), "data-track": track.file === null ? null : track.track };
  return el("track", { kind: "subtitles", src, ...about });
}

/** For a device, which reads files beside the video only: the one that is shown; "none" when nothing is; empty when it
 * is not here to be chosen. */
export function shownTrack(video) {
  const elements = [...video.querySelectorAll("track")];
  if (!elements.length) return "";
  const shown = elements.find(({ track }) => track.mode === "showing");
  return shown ? shown.dataset.track ?? "" : "none";
}

/** Show what was shown last time, by language; "off" stays off. */
export function preferredTrack(video) {
  let wanted = null;
  try {
    wanted = localStorage.getItem(KEY);
  } catch {
    // no storage: nothing is remembered
  }
  const found = wanted && [...video.textTracks].find((track) => track.language === wanted);
  if (found) found.mode = "showing";
}

export function rememberTrack(video) {
  const tracks = [...video.textTracks].filter((track) => track.kind === "subtitles");
  if (!tracks.length) return;
  const shown = tracks.find((track) => track.mode === "showing");
  try {
    localStorage.setItem(KEY, shown ? shown.language : "off");
  } catch {
    // as above
  }
}
