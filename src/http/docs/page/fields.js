// Shows the fields of an object: name, type, limits, what it means, and what is inside, opened on demand.

import { h, prose } from "./dom.js";
import { limitsOf, typeOf } from "./spec.js";

/** A list of the schema's fields. `add` is called with the name and schema of a field that is to join the request. */
export function fieldList(schema, { add, open = [] } = {}) {
  const required = new Set(schema.required ?? []);
  const fields = Object.entries(schema.properties ?? {});
  if (add) fields.sort(([one], [other]) => required.has(other) - required.has(one));
  return h("ul.fields", null, fields.map(([name, field]) =>
    fieldItem(name, field, { isRequired: add && required.has(name), add, isOpen: open.includes(name), isArgument: Boolean(add) })));
}

function fieldItem(name, field, { isRequired, add, isOpen, isArgument }) {
  const type = typeOf(field);
  const limits = limitsOf(field);
  const words = type.nullable && !isArgument ? `${type.words} or null` : type.words;
  const head = h("div.head", null,
    h("code.name", null, name),
    h("span.type", null, words),
    isRequired && h("span.required", null, "required"),
    field.default != null && h("span.limits", null, `default ${JSON.stringify(field.default)}`),
    limits && h("span.limits", null, limits),
    add && h("button.add", { type: "button", title: "Put it into the request", "aria-label": `Put ${name} into the request`, onclick: () => add(name, field) }, "+"));
  const about = field.description ?? "";
  const tellsValues = type.values.length > 0 && type.values.every((value) => about.includes(`\`${value}\``));
  return h("li", null, head,
    h("div.about", null, prose(about)),
    type.values.length > 0 && !tellsValues && h("p.values", null, type.values.map((value) => h("code", null, String(value)))),
    type.inside && inside(type, { isOpen, isArgument }));
}

/** What is inside, made when it is opened: objects may contain themselves. */
function inside(type, { isOpen, isArgument }) {
  const details = h("details.inside", null, h("summary", null, `Fields of ${type.words.replace(/^(list|object) of /, "")}`));
  const fill = () => details.children.length > 1 || details.append(nested(type.inside, isArgument));
  details.addEventListener("toggle", () => { if (details.open) fill(); });
  if (isOpen) {
    fill();
    details.open = true;
  }
  return details;
}

function nested(schema, isArgument) {
  const required = new Set(isArgument ? schema.required ?? [] : []);
  return h("ul.fields", null, Object.entries(schema.properties).map(([name, field]) =>
    fieldItem(name, field, { isRequired: required.has(name), isArgument })));
}
