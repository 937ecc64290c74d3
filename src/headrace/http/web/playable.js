// What this browser cannot do with a file. Browsers do not say so: Chromium plays HEVC as sound alone, and AC-3 as
// silence, without any error.

import * as api from "./api.js";

const LOOK_AFTER = 1.5;

/** In words, once it is known; empty when nothing lacks. */
export async function shortcomings(infohash, file, video, signal) {
  const media = await api.media(infohash, file.index).catch(() => null);
  if (signal.aborted) return "";
  const said = media ? audioTracks(media, video) : "";
  return (await seen(file, video, signal)) || said;
}

function audioTracks(media, video) {
  const audio = (media.tracks ?? []).filter((track) => track.kind === "audio");
  return audio.length > 1 && !video.audioTracks
    ? `The file has ${audio.length} audio tracks, and this browser plays only one of them.`
    : "";
}

/** Look at what was decoded after a moment of playing. */
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
    video.addEventListener("seeking", () => { began = null; }, { signal });
    signal.addEventListener("abort", () => resolve(""));
  });
}

function lacking(file, video) {
  const noPicture = file.kind === "video" && video.videoWidth === 0;
  // Chromium and Safari count decoded bytes; elsewhere nothing is claimed
  const noSound = video.webkitAudioDecodedByteCount === 0 && video.mozHasAudio !== false && !video.muted;
  if (noPicture) return "This browser shows no picture of this file: it cannot decode its video.";
  return noSound ? "No sound: this browser cannot decode the audio, or the file has none." : "";
}
