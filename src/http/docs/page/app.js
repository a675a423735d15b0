// Starts the page, and shows what the address asks for: #teams.create, #teams, or the first page.

import { h } from "./dom.js";
import { startKey } from "./key.js";
import { methodPage, resourceCards, resourcePage, unknownPage } from "./method.js";
import { mark, startNav } from "./nav.js";
import { find, index, startSearch } from "./search.js";
import { load, methods, resources } from "./spec.js";

const main = document.getElementById("main");
const title = document.title;

function show(isFirst) {
  const name = wanted();
  if (name === "main") return;
  const method = methods.get(name);
  const resource = resources.get(method?.resource ?? name);
  const shown = !name ? homePage() : method ? methodPage(method) : resource ? resourcePage(resource) : unknown(name);
  main.replaceChildren(shown.page);
  document.title = shown.title ? `${shown.title} · ${title}` : title;
  mark(name, resource?.name);
  if (isFirst) return;
  scrollTo(0, 0);
  main.querySelector("h1")?.focus({ preventScroll: true });
}

function wanted() {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return location.hash.slice(1);
  }
}

function homePage() {
  const page = document.getElementById("home").content.cloneNode(true);
  page.querySelector("#resources").append(...resourceCards());
  return { page, title: "" };
}

function unknown(name) {
  const words = name.replace(/([A-Z])/g, " $1").split(/[^A-Za-z]+/).filter(Boolean);
  const near = [words.join(" "), ...words].flatMap(find);
  return unknownPage(name, [...new Set(near.map((found) => found.entry.name))].slice(0, 8));
}

startNav();
startKey();
startSearch((name) => {
  if (wanted() === name) show();
  else location.hash = name;
});
try {
  await load();
  index();
  show(true);
  addEventListener("hashchange", () => show());
} catch (error) {
  main.replaceChildren(h("p.problem", { role: "alert" }, `The description of the methods did not arrive: ${error.message}`));
}
