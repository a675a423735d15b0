// The caller's own key: where it is kept, and the dialog to set it. It is sent to this server and nowhere else.

import { BASE } from "./spec.js";

const NAME = "dotdesk-key";
const $ = (id) => document.getElementById(id);
const listeners = [];

/** Who the key belongs to and what it may do, as far as that was asked. */
export let identity = null;

export function key() {
  return read(sessionStorage) ?? read(localStorage);
}

/** Calls `listener` whenever the key or what is known about it has changed. */
export function onKeyChange(listener) {
  listeners.push(listener);
}

// Browsers may be told to keep nothing; then the key lasts as long as the page.
let unkept = null;

function read(storage) {
  try {
    return storage.getItem(NAME);
  } catch {
    return unkept;
  }
}

function keep(value, isRemembered) {
  unkept = value;
  try {
    sessionStorage.removeItem(NAME);
    localStorage.removeItem(NAME);
    if (value) (isRemembered ? localStorage : sessionStorage).setItem(NAME, value);
  } catch {
    // Kept in `unkept`.
  }
}

/** Opens the dialog; `why` says what it is needed for. */
export function openKey(why = "") {
  $("key-value").value = key() ?? "";
  $("key-remember").checked = read(localStorage) !== null && unkept === null;
  $("key-forget").hidden = !key();
  say(why);
  $("key").showModal();
  $("key-value").select();
}

export function startKey() {
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-open-key]")) openKey();
  });
  $("key-cancel").addEventListener("click", () => $("key").close());
  $("key-forget").addEventListener("click", () => {
    keep(null);
    identity = null;
    $("key").close();
    changed();
  });
  $("key").querySelector("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const value = $("key-value").value.trim();
    if (!value) return say("Enter a key.", true);
    $("key-use").disabled = true;
    say("Asking the server …");
    const problem = await ask(value);
    $("key-use").disabled = false;
    if (problem) return say(problem, true);
    keep(value, $("key-remember").checked);
    $("key").close();
    changed();
  });
  if (key()) ask(key()).then(changed);
  changed();
}

/** Asks the server whose key it is; answers what is wrong with it, if anything is. */
async function ask(value) {
  try {
    const response = await fetch(`${BASE}auth.test`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${value}` },
      credentials: "omit",
      body: "{}",
    });
    const body = await response.json();
    identity = response.ok ? body : null;
    return response.ok ? null : body.error.message;
  } catch {
    return "The server cannot be reached, or this is no key.";
  }
}

function say(words, isBad = false) {
  $("key-status").textContent = words;
  $("key-status").classList.toggle("bad", isBad);
}

function changed() {
  const button = $("key-open");
  button.textContent = identity ? identity.team : key() ? "Key set" : "Set key";
  button.title = identity ? `Calls are made as ${identity.user} of ${identity.team}` : "";
  button.classList.toggle("set", Boolean(key()));
  for (const listener of listeners) listener();
}

/** Whether the key has this scope, as far as that is known. */
export function lacks(scope) {
  if (!identity) return false;
  const held = [identity.scopes].flat().join(" ").split(/[\s,]+/);
  const [area, action] = scope.split(":");
  return !held.some((one) => one === "*" || one === scope || one === `${area}:*` || one === `*:${action}`);
}
