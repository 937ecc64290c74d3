// The dialog that asks for the server's token.

import { el, say } from "./dom.js";

let open = null;

export function loginDialog() {
  if (open) return;
  const input = el("input", { id: "token", type: "password", autocomplete: "current-password", required: true, "aria-describedby": "login-error" });
  const error = el("p", { id: "login-error", class: "problem", role: "alert" });
  const form = el("form", { class: "login" },
    el("label", { for: "token" }, "Token of this server"),
    input, error,
    el("p", { class: "hint" }, "It was shown when the server was started for the first time."),
    el("div", { class: "actions" }, el("button", { class: "primary", type: "submit" }, "Open")));
  open = el("dialog", { class: "dialog", "aria-labelledby": "login-title" }, el("h2", { id: "login-title" }, "Log in"), form);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const problem = await login(input.value.trim());
    if (problem) return say(error, problem);
    location.reload();
  });
  open.addEventListener("cancel", (event) => event.preventDefault());
  document.body.append(open);
  open.showModal();
}

/** Empty when it worked. */
async function login(token) {
  let response;
  try {
    response = await fetch("/api/v1/login", {
      method: "POST",
      credentials: "same-origin",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ token }),
    });
  } catch {
    return "The server does not answer.";
  }
  if (response.ok) return "";
  const found = await response.json().catch(() => null);
  return found?.error?.message ?? `The server answered ${response.status}.`;
}
