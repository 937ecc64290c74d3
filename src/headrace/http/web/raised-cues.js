// Subtitles stand above the controls while these are shown: no browser knows that the page has its own.

/** Height of the bar and the time line, in pixels; and of a line of subtitles, as a share of the picture's (a font of 5 %
 * by section 7.4 of WebVTT, and what browsers add to it). */
const CONTROLS = 76;
const LINE = 0.06;

/** The first line of a cue, counted from below, so that its last stands above the controls. */
const raisedLine = (cue, height) => -Math.ceil(CONTROLS / (LINE * height)) - cue.text.split("\n").length;

/** Lines that have a place of their own keep it. */
export function raiseCues(video, controller, signal) {
  const raised = new WeakSet();
  const place = () => {
    const covered = !controller.hasAttribute("userinactive") || controller.hasAttribute("mediapaused");
    for (const track of video.textTracks) {
      if (track.mode !== "showing") continue;
      for (const cue of track.activeCues ?? []) {
        if (covered && cue.line === "auto") {
          cue.line = raisedLine(cue, video.clientHeight || 1080);
          raised.add(cue);
        } else if (!covered && raised.delete(cue)) {
          cue.line = "auto";
        }
      }
    }
  };
  const watch = new MutationObserver(place);
  watch.observe(controller, { attributeFilter: ["userinactive", "mediapaused"] });
  signal.addEventListener("abort", () => watch.disconnect());
  // also those of tracks that come later; their events are not told to the list
  const listen = ({ track }) => track.addEventListener("cuechange", place, { signal });
  video.textTracks.addEventListener("addtrack", listen, { signal });
}
