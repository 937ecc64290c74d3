// The dialog "open elsewhere": another player on this machine, another device, the bare address.

import { castDialog } from "./cast-dialog.js";
import { casts } from "./casts.js";
import { copyText, el, icon } from "./dom.js";
import { inside } from "./words.js";

const LOCAL = /^(localhost|127\.|\[::1\])/;

/** `cast`: what the dialog for devices is to know of a film that plays here. */
export function shareDialog(store, file, cast = {}) {
  const url = file?.url ?? store.torrent.url;
  const playlist = store.torrent.playlist_url;
  const name = file ? inside(file.path, store.torrent.name) : store.torrent.name;
  const toDevice = () => {
    dialog.close();
    castDialog({ infohash: store.infohash, index: file.index, name, ...cast });
  };
  const dialog = el("dialog", { class: "dialog share", "aria-labelledby": "share-title" },
    el("h2", { id: "share-title" }, "Open elsewhere"),
    el("p", { class: "share-name" }, name),
    el("div", { class: "share-ways" },
      casts.able && file ? el("button", { type: "button", onclick: toDevice }, icon("cast"), "Chromecast or television") : null,
      ...vlcLinks(url),
      el("button", { type: "button", onclick: () => copyText(mpvCommand(url), "Command for mpv") }, icon("copy"), "Copy the command for mpv"),
      el("a", { class: "button", href: playlist, download: "" }, icon("list"), "Playlist for VLC, mpv or Kodi"),
      el("button", { type: "button", onclick: () => copyText(url, "Address of the stream") }, icon("copy"), "Copy the address")),
    phone(),
    el("form", { method: "dialog", class: "actions" }, el("button", { class: "quiet", autofocus: true }, "Close")));
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
}

/** Only where a link can start VLC: on phones. Elsewhere the playlist opens it. */
function vlcLinks(url) {
  const bare = url.replace(/^https?:\/\//, "");
  if (/Android/.test(navigator.userAgent)) {
    return [el("a", { class: "button", href: `intent://${bare}#Intent;scheme=http;package=org.videolan.vlc;type=video/*;end` }, icon("open"), "Open in VLC")];
  }
  if (/iPhone|iPad/.test(navigator.userAgent)) {
    return [el("a", { class: "button", href: `vlc-x-callback://x-callback-url/stream?url=${encodeURIComponent(url)}` }, icon("open"), "Open in VLC")];
  }
  return [];
}

/** For a shell: the address is quoted, whatever its name holds. */
function mpvCommand(url) {
  return `mpv '${url.replaceAll("'", "'\\''")}'`;
}

function phone() {
  if (LOCAL.test(location.host)) {
    return el("p", { class: "hint" }, "For a phone or a television the server has to listen beyond this machine: start it with --host 0.0.0.0, and open this page under its address in your network.");
  }
  const box = el("figure", { class: "qr" });
  draw(box, location.href);
  return box;
}

async function draw(box, address) {
  const { qrcode } = await import("./vendor/qrcode.js");
  const code = qrcode(0, "M");
  code.addData(address);
  code.make();
  const cells = code.getModuleCount();
  const margin = 4; // the quiet zone that the standard asks for
  const canvas = el("canvas", { role: "img", "aria-label": `QR code of ${address}` });
  const scale = 5;
  canvas.width = canvas.height = (cells + 2 * margin) * scale;
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.fillStyle = "#000";
  for (let row = 0; row < cells; row += 1) {
    for (let column = 0; column < cells; column += 1) {
      if (code.isDark(row, column)) pen.fillRect((column + margin) * scale, (row + margin) * scale, scale, scale);
    }
  }
  box.append(canvas, el("figcaption", {}, "This page on a phone"));
}
