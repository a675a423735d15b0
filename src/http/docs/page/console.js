// The console of a method: the request, commands that do the same, and what the server answers.

import { copyButton, h } from "./dom.js";
import { hasIds, withRealIds } from "./ids.js";
import { colored, parse, pretty } from "./json.js";
import { key, openKey } from "./key.js";
import { SNIPPETS } from "./snippets.js";
import { BASE, sample } from "./spec.js";

/** What was typed for each method, for as long as the page is open. */
const drafts = new Map();

/** Which command is shown. */
let chosen = "curl";

export function makeConsole(method) {
  const editor = h("textarea", {
    id: "request", spellcheck: "false", autocapitalize: "off", autocomplete: "off", wrap: "off",
    "aria-label": `Arguments of ${method.name}, as JSON`, "aria-describedby": "problem",
  });
  const problem = h("p.problem", { id: "problem", role: "status" });
  const command = h("code");
  const send = h("button.primary.send", { type: "button" });
  const reset = h("button.quiet", { type: "button", title: "Puts the example back" }, "Example");
  const real = h("button.quiet.real", { type: "button", title: "Puts ids of your own data in place of the example's" }, "My ids");
  const answer = h("section.answer", { "aria-label": "Answer", "aria-live": "polite" });
  let running = null;

  const label = () => {
    send.textContent = running ? "Stop" : "Send";
    send.title = running ? "" : "Ctrl+Enter";
  };
  const edited = () => {
    drafts.set(method.name, editor.value);
    editor.rows = Math.min(24, Math.max(4, editor.value.split("\n").length + 1));
    problem.textContent = parse(editor.value).problem ?? "";
    command.replaceChildren(SNIPPETS[chosen](method, editor.value));
  };
  const set = (value) => {
    editor.value = pretty(value);
    edited();
  };

  async function run() {
    const { value, problem: wrong } = parse(editor.value);
    if (wrong) return editor.focus();
    if (!method.isPublic && !key()) return openKey(`${method.name} needs a key.`);
    running = new AbortController();
    label();
    try {
      await call(method, value, answer, running.signal, (cursor) => {
        set({ ...value, cursor });
        run();
      });
    } finally {
      running = null;
      label();
    }
  }

  send.addEventListener("click", () => {
    if (running) return running.abort();
    if (method.kind === "delete" && !send.dataset.sure) {
      send.dataset.sure = "yes";
      send.textContent = "Deletes for good: click again";
      setTimeout(() => { delete send.dataset.sure; label(); }, 4000);
      return;
    }
    delete send.dataset.sure;
    run();
  });
  editor.addEventListener("input", edited);
  editor.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      send.click();
    }
  });
  const choice = h("div.choice", { role: "group", "aria-label": "Command" }, Object.keys(SNIPPETS).map((name) =>
    h("button", { type: "button", "aria-pressed": String(name === chosen), onclick: () => {
      chosen = name;
      for (const one of choice.children) one.setAttribute("aria-pressed", String(one.textContent === name));
      edited();
    } }, name)));
  reset.addEventListener("click", () => set(method.example));
  real.addEventListener("click", async () => {
    const { value } = parse(editor.value);
    if (!value) return editor.focus();
    if (!key()) return openKey("To look for ids, a key is needed.");
    real.disabled = true;
    set(await withRealIds(method, value));
    real.disabled = false;
  });
  editor.value = drafts.get(method.name) ?? pretty(method.example);
  edited();
  label();

  const element = h("aside.console", { id: "console", "aria-label": "Console" },
    h("div.bar", null, h("h2", null, "Try it"), hasIds(method) && real, reset, send),
    h("div.editor", null, editor), problem,
    answer,
    h("div.bar", null, choice, copyButton("Copy the command", () => command.textContent)),
    h("pre.command", { tabindex: "0", "aria-label": "Command" }, command));
  /** Puts a field into the request, with a value to begin with. */
  const add = (name, schema) => {
    const { value } = parse(editor.value);
    if (!value) return editor.focus();
    if (!(name in value)) set({ ...value, [name]: sample(schema) });
    editor.focus();
    const at = editor.value.indexOf(`"${name}"`);
    editor.setSelectionRange(at, at + name.length + 2);
  };
  return { element, add, focus: () => editor.focus() };
}

async function call(method, value, answer, signal, goOn) {
  const started = performance.now();
  const headers = { "Content-Type": "application/json" };
  if (!method.isPublic) headers.Authorization = `Bearer ${key()}`;
  answer.replaceChildren(h("p.waiting", null, "Waiting …"));
  try {
    const response = await fetch(BASE + method.name, { method: "POST", headers, credentials: "omit", body: JSON.stringify(value), signal });
    const first = performance.now() - started;
    const pre = h("pre.body", { tabindex: "0", "aria-label": "Body of the answer" });
    const facts = h("p.facts");
    answer.replaceChildren(facts, headersOf(response), pre);
    const tell = (size) => facts.replaceChildren(...factsOf(response, first, size));
    tell(0);
    if (response.headers.get("content-type")?.startsWith("text/event-stream")) return await follow(response, pre, tell);
    const text = await response.text();
    tell(new TextEncoder().encode(text).length);
    const body = json(text);
    pre.append(...(body === undefined ? [text] : colored(pretty(body))));
    if (!text) pre.replaceWith(h("p.nothing", null, "Done; there is nothing to answer."));
    else facts.append(copyButton("Copy the answer", () => pre.textContent));
    if (body?.error?.code) pre.before(failure(body.error));
    if (body?.next_cursor && method.arguments.properties?.cursor) {
      facts.append(h("button.quiet", { type: "button", onclick: () => goOn(body.next_cursor) }, "Next page"));
    }
  } catch (error) {
    if (error.name === "AbortError") answer.append(h("p.nothing", null, "Stopped."));
    else answer.replaceChildren(h("p.problem", null, `The server cannot be reached: ${error.message}`));
  }
}

/** Shows what keeps coming, until it ends or somebody stops it. */
async function follow(response, pre, tell) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    size += value.length;
    pre.append(value);
    pre.scrollTop = pre.scrollHeight;
    tell(size);
  }
}

function factsOf(response, took, size) {
  return [
    h(`strong.${response.ok ? "good" : "bad"}`, null, `${response.status} ${response.statusText}`.trim()),
    h("span", null, `${took < 10 ? took.toFixed(1) : Math.round(took)} ms`),
    h("span", null, size < 1024 ? `${size} B` : `${(size / 1024).toFixed(1)} KiB`),
  ];
}

function headersOf(response) {
  const rows = [...response.headers].map(([name, value]) => [h("dt", null, name), h("dd", null, value)]);
  return h("details.headers", null, h("summary", null, `${rows.length} headers`), h("dl", null, rows));
}

/** What went wrong, above the body that says the same. */
function failure(error) {
  return h("div.failure", null,
    h("p", null, h("a", { href: `${BASE}docs/errors#${error.code}` }, error.code), ` ${error.message}`),
    error.errors?.length > 0 && h("ul", null, error.errors.map((one) => h("li", null, h("code", null, one.pointer || "/"), ` ${one.message}`))),
    error.suggestions?.length > 0 && h("p", null, "Nearest: ", error.suggestions.flatMap((name) => [h("a", { href: `#${name}` }, name), " "])));
}

function json(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
