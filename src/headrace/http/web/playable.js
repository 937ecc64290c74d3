// What this browser cannot do with a file. Browsers do not say so: Chromium plays HEVC as sound alone, and AC-3 as
// silence, without any error. So what was decoded is looked at, after a moment of playing.

import * as api from "./api.js";

const LOOK_AFTER = 1.5;

/** In words, once it is known; empty when nothing lacks. */
export async function shortcomings(infohash, file, video, signal) {
  const lacks = await seen(file, video, signal);
  if (signal.aborted) return "";
  // only now: a look into the file may need parts of it that playing does not
  const media = await api.media(infohash, file.index).catch(() => null);
  const tracks = (kind) => (media?.tracks ?? []).filter((track) => track.kind === kind);
  if (lacks === "picture") return `This browser shows no picture: it cannot decode the video${named(tracks("video"))}.`;
  const audio = tracks("audio");
  if (lacks === "sound" && audio.length) return `No sound: this browser cannot decode the audio${named(audio)}.`;
  return "";
}

const named = ([track]) => (track?.codec ? ` (${track.codec})` : "");

function seen(file, video, signal) {
  return new Promise((resolve) => {
    let began = null;
    const look = () => {
      began ??= video.currentTime;
      if (video.currentTime - began < LOOK_AFTER) return;
      video.removeEventListener("timeupdate", look);
      resolve(lacking(file, video));
    };
    video.addEventListener("timeupdate", look, { signal });
    for (const name of ["seeking", "emptied"]) video.addEventListener(name, () => { began = null; }, { signal });
    signal.addEventListener("abort", () => resolve(""));
  });
}

function lacking(file, video) {
  if (file.kind === "video" && video.videoWidth === 0) return "picture";
  // Chromium and Safari count decoded bytes; elsewhere nothing is claimed
  return video.webkitAudioDecodedByteCount === 0 && !video.muted ? "sound" : "";
}
