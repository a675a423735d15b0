// Finds methods as one types: by name, words of the summary, arguments, events, errors and scopes.

import { h } from "./dom.js";
import { commonCodes, methods } from "./spec.js";

const MOST = 40;
let entries = [];

/** Makes the index; call it again when there are other methods. */
export function index() {
  entries = [...methods.values()].map((method) => ({
    name: method.name,
    lower: method.name.toLowerCase(),
    // The words of a name: `apiKeys.create` is found by `keys`.
    parts: method.name.replace(/([A-Z])/g, ".$1").toLowerCase().split("."),
    summary: method.summary,
    words: method.summary.toLowerCase(),
    hints: [
      ...Object.keys(method.arguments.properties ?? {}).map((name) => ["argument", name]),
      ...method.events.map((name) => ["event", name]),
      ...method.scopes.map((name) => ["scope", name]),
      ...method.errors.filter((code) => !commonCodes.has(code)).map((name) => ["error", name]),
    ],
  }));
}

/** The best methods for these words, best first: each must be found somewhere. */
export function find(text) {
  const terms = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (!terms.length) return [];
  const found = [];
  for (const entry of entries) {
    let score = 0;
    let hint = null;
    for (const term of terms) {
      const [points, why] = rate(entry, term);
      if (!points) { score = 0; break; }
      score += points;
      hint ??= why;
    }
    if (score) found.push({ entry, score, hint });
  }
  return found.sort((one, other) => other.score - one.score).slice(0, MOST);
}

function rate(entry, term) {
  if (entry.lower === term) return [100];
  if (entry.lower.startsWith(term)) return [70];
  if (entry.parts.some((part) => part.startsWith(term))) return [50];
  if (entry.lower.includes(term)) return [35];
  if (entry.lower.replaceAll(".", "").includes(term.replace(/[._-]/g, ""))) return [30];
  if (` ${entry.words}`.includes(` ${term}`)) return [20];
  if (entry.words.includes(term)) return [10];
  const hint = entry.hints.find(([, name]) => name.startsWith(term)) ?? entry.hints.find(([, name]) => name.includes(term));
  return hint ? [hint[1].startsWith(term) ? 6 : 4, hint] : [0];
}

/** Makes the search box work: results below it, arrows, Enter and Escape. */
export function startSearch(open) {
  const box = document.getElementById("search");
  const list = document.getElementById("found");
  let at = -1;

  const options = () => [...list.querySelectorAll("[role=option]")];
  const hide = () => {
    list.hidden = true;
    box.setAttribute("aria-expanded", "false");
    box.removeAttribute("aria-activedescendant");
  };
  const mark = (to) => {
    const all = options();
    at = all.length ? (to + all.length) % all.length : -1;
    all.forEach((option, place) => option.setAttribute("aria-selected", String(place === at)));
    if (at < 0) return box.removeAttribute("aria-activedescendant");
    box.setAttribute("aria-activedescendant", all[at].id);
    all[at].scrollIntoView({ block: "nearest" });
  };
  const show = () => {
    if (!box.value.trim()) return hide();
    const found = find(box.value);
    list.replaceChildren(...(found.length ? found.map(option) : [h("p.none", null, "No method has all of these words.")]));
    list.hidden = false;
    box.setAttribute("aria-expanded", "true");
    mark(0);
  };
  const choose = (name) => {
    hide();
    box.value = "";
    box.blur();
    open(name);
  };

  box.addEventListener("input", show);
  box.addEventListener("focus", show);
  box.addEventListener("blur", () => setTimeout(hide, 150));
  box.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") mark(at + 1);
    else if (event.key === "ArrowUp") mark(at - 1);
    else if (event.key === "Enter" && options()[at]) choose(options()[at].dataset.name);
    else if (event.key === "Escape") {
      if (list.hidden) box.blur();
      box.value = "";
      hide();
    } else if (event.key !== "/" || box.value) return; // No name begins with the key that leads here.
    event.preventDefault();
  });
  list.addEventListener("mousedown", (event) => {
    const option = event.target.closest("[role=option]");
    event.preventDefault();
    if (option) choose(option.dataset.name);
  });
  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.closest("input, textarea, select, dialog[open]");
    if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      box.focus();
    }
  });
}

function option({ entry, hint }, place) {
  const method = methods.get(entry.name);
  return h("div", { role: "option", id: `found-${place}`, "data-name": entry.name, "aria-selected": "false" },
    h(`span.found-name.${method.kind}`, null, entry.name),
    h("span.found-about", null, entry.summary),
    hint && h("span.found-hint", null, `${hint[0]} ${hint[1]}`));
}
