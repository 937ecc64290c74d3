// What this browser decodes, asked before it plays: it says nothing when it cannot.
// Codecs are called as FFmpeg calls them; what is not in the tables is not known, and nothing is claimed of it.

const deep = ({ pixel_format: format }) => /1[0-6](le|be)$/.test(format ?? "");

const PICTURES = {
  h264: (track) => (deep(track) ? "avc1.6e0028" : "avc1.640028"),
  hevc: (track) => (deep(track) ? "hvc1.2.4.L120.B0" : "hvc1.1.6.L120.B0"),
  av1: (track) => (deep(track) ? "av01.0.08M.10" : "av01.0.08M.08"),
  vp9: (track) => (deep(track) ? "vp09.02.40.10" : "vp09.00.40.08"),
  mpeg4: () => "mp4v.20.9",
  mpeg2video: () => "mp4v.61",
};

const SOUNDS = {
  aac: "mp4a.40.2", mp3: "mp3", opus: "opus", flac: "flac", ac3: "ac-3", eac3: "ec-3", dts: "dtsc", truehd: "mlpa",
  alac: "alac",
};

export const pictureName = (track) => PICTURES[track.codec]?.(track) ?? "";

const plays = (video, type, codec) => video.canPlayType(codec ? `${type}; codecs="${codec}"` : type) !== "";

export function decodesSound(video, track) {
  const name = SOUNDS[track.codec];
  return !name || plays(video, "audio/mp4", name) || plays(video, "audio/mpeg", track.codec === "mp3" ? "" : name);
}

export function decodesPicture(video, track) {
  const name = pictureName(track);
  return !name || plays(video, "video/mp4", name);
}

/** Whether the browser opens files of this kind; MP4 and QuickTime are one to all of them. */
export function opens(video, { media_type: type }) {
  return ["", "application/octet-stream", "video/quicktime"].includes(type ?? "") || plays(video, type);
}

/** Whether HLS can be played: by Safari itself, or by us, out of Media Source Extensions. */
export const nativeHls = (video) => "audioTracks" in HTMLMediaElement.prototype && plays(video, "application/vnd.apple.mpegurl");

export function buffersPicture(track) {
  const Source = globalThis.ManagedMediaSource ?? globalThis.MediaSource;
  const name = pictureName(track);
  return Boolean(Source && name && Source.isTypeSupported(`video/mp4; codecs="${name}"`));
}
