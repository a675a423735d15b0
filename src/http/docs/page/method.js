// Shows one method, or a resource with its methods.

import { makeConsole } from "./console.js";
import { copyButton, h, prose } from "./dom.js";
import { fieldList } from "./fields.js";
import { lacks, onKeyChange } from "./key.js";
import { BASE, codes, commonCodes, methods, resources, typeOf } from "./spec.js";

let scopeNote = () => {};
onKeyChange(() => scopeNote());

export function methodPage(method) {
  const resource = resources.get(method.resource);
  const desk = makeConsole(method);
  const page = h("article.method", null,
    h("div.about-method", null,
      h("p.crumbs", null, resource.chapter, " / ", h("a", { href: `#${resource.name}` }, resource.name)),
      h("h1", { tabindex: "-1" }, method.name, copyButton("Copy a link to this method", () => `${BASE}docs#${method.name}`, "Link")),
      method.successor && h("p.deprecated", null, "On its way out: call ", h("a", { href: `#${method.successor}` }, method.successor), " in its place. ", h("a", { href: `${BASE}docs/changes#${method.name.replaceAll(".", "-")}` }, "When")),
      h("div.lead", null, prose(method.description)),
      facts(method),
      h("p.jump", null, h("a", { href: "#console", onclick: (event) => { event.preventDefault(); desk.focus(); } }, "Try it")),
      takes(method, desk.add),
      answers(method),
      errors(method),
      events(method)),
    desk.element);
  return { page, title: method.name };
}

function facts(method) {
  const note = h("span.lacks");
  scopeNote = () => {
    const missing = method.scopes.filter(lacks);
    note.textContent = missing.length ? "Your key does not have it." : "";
  };
  scopeNote();
  const who = method.isPublic ? "Anybody, without a key"
    : method.scopes.length ? [method.scopes.map((scope) => h("code", null, scope)), " ", note]
    : "Any key";
  const row = (name, ...value) => h("div", null, h("dt", null, name), h("dd", null, value));
  return h("dl.facts-list", null,
    row("Call", h("code", null, `POST /${method.name}`)),
    row("Does", h(`span.kind.${method.kind}`, null, { read: "reads", write: "writes", delete: "deletes" }[method.kind] ?? method.kind)),
    row(method.scopes.length ? "Scope" : "Who", who),
    method.forContacts && row("Contacts", "may call it with a token of their own"),
    row("Limit", h("code", null, method.rate.policy), method.rate.cost === 1 ? "" : ` counts ${method.rate.cost}`));
}

function takes(method, add) {
  const fields = Object.keys(method.arguments.properties ?? {});
  const any = method.arguments.additionalProperties !== false;
  return section("Arguments", fields.length
    ? fieldList(method.arguments, { add })
    : h("p.none", null, any ? "Any JSON object." : "None: send {} or nothing."));
}

function answers(method) {
  const title = ["Answer ", h("span.status-code", null, method.status)];
  if (!method.result) return section(title, h("p.none", null, method.resultAbout));
  const type = typeOf(method.result);
  const form = method.contentType === "application/json" ? null : h("p.none", null, h("code", null, method.contentType));
  return section(title, form, prose(method.resultAbout),
    type.inside && h("p.type-name", null, h("code", null, type.words)),
    type.inside && fieldList(type.inside, { open: ["data"] }));
}

function errors(method) {
  const item = (code) => h("li", null,
    h("a", { href: `${BASE}docs/errors#${code}` }, code),
    h("span.status-code", null, codes.get(code)?.status ?? ""),
    h("div.about", null, prose(codes.get(code)?.meaning)));
  const own = method.errors.filter((code) => !commonCodes.has(code));
  const common = method.errors.filter((code) => commonCodes.has(code));
  return section("Errors",
    own.length > 0 && h("ul.codes", null, own.map(item)),
    h("details.common", null, h("summary", null, `${common.length} that most methods may answer`), h("ul.codes", null, common.map(item))));
}

function events(method) {
  if (!method.events.length) return null;
  return section("Events", h("ul.events", null, method.events.map((event) => h("li", null, h("code", null, event)))));
}

function section(title, ...children) {
  return h("section", null, h("h2", null, title), children);
}

export function resourcePage(resource) {
  const page = h("article.resource", null,
    h("p.crumbs", null, resource.chapter),
    h("h1", { tabindex: "-1" }, resource.name),
    h("div.lead", null, prose(resource.about)),
    h("ul.methods", null, resource.methods.map(methodLine)));
  return { page, title: resource.name };
}

export function methodLine(method) {
  return h("li", null,
    h(`a.${method.kind}`, { href: `#${method.name}` }, method.name),
    method.successor && h("span.limits", null, "on its way out"),
    h("span.about", null, method.summary));
}

/** The cards of all resources, for the first page. */
export function resourceCards() {
  const chapters = grouped();
  return [...chapters].map(([chapter, list]) => h("section", null, h("h3", null, chapter),
    h("ul.cards", null, list.map((one) => h("li", null,
      h("a", { href: `#${one.name}` }, h("strong", null, one.name), h("span", null, String(one.methods.length)),
        h("em", null, one.about?.split("\n")[0] ?? actions(one))))))));
}

/** What a resource can do, where nothing says what it is. */
function actions(resource) {
  return resource.methods.map((method) => method.name.split(".").at(-1)).join(", ");
}

function grouped() {
  const chapters = new Map();
  for (const one of resources.values()) chapters.set(one.chapter, [...(chapters.get(one.chapter) ?? []), one]);
  return chapters;
}

export function unknownPage(name, near) {
  const page = h("article.resource", null,
    h("h1", { tabindex: "-1" }, "There is no such method"),
    h("p.lead", null, "This server has no ", h("code", null, name), near.length ? "; the nearest it has:" : "."),
    h("ul.methods", null, near.map((found) => methodLine(methods.get(found)))));
  return { page, title: name };
}
