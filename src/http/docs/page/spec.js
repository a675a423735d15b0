// Reads the OpenAPI document: methods, schemas, and what types are called.

/** Where the server is: this file is in its `docs`. */
export const BASE = new URL("../", import.meta.url).href;

let spec;

/** Everything there is to know; `load` must have been awaited. */
export const methods = new Map();
export const resources = new Map();
export const codes = new Map();

/** The codes that most methods may answer: they are told apart from those that say something about one method. */
export const commonCodes = new Set();

export async function load() {
  const response = await fetch(`${BASE}openapi.json`, { credentials: "same-origin" });
  if (!response.ok) throw new Error(`The server answered ${response.status}.`);
  spec = await response.json();
  const chapters = new Map(spec["x-tagGroups"].flatMap((group) => group.tags.map((tag) => [tag, group.name])));
  for (const tag of spec.tags) {
    resources.set(tag.name, { name: tag.name, chapter: chapters.get(tag.name), about: tag.description, methods: [] });
  }
  const counts = new Map();
  for (const [path, { post }] of Object.entries(spec.paths)) {
    const method = read(path.slice(1), post);
    methods.set(method.name, method);
    resources.get(post.tags[0]).methods.push(method);
    for (const code of method.errors) counts.set(code, (counts.get(code) ?? 0) + 1);
  }
  for (const [code, count] of counts) if (count * 2 > methods.size) commonCodes.add(code);
  const known = spec.components.schemas.ErrorBody?.properties?.code?.["x-codes"] ?? {};
  for (const [code, about] of Object.entries(known)) codes.set(code, about);
}

function read(name, operation) {
  const body = operation.requestBody.content["application/json"];
  const [status, response] = Object.entries(operation.responses).find(([key]) => key !== "default");
  const [contentType, content] = Object.entries(response.content ?? {})[0] ?? [];
  return {
    name,
    resource: operation.tags[0],
    summary: operation.summary,
    description: operation.description,
    kind: operation["x-kind"],
    scopes: operation["x-scopes"],
    isPublic: operation.security?.length === 0,
    forContacts: operation["x-for-contacts"],
    rate: operation["x-rate"],
    events: operation["x-events"],
    errors: operation["x-error-codes"],
    successor: operation.deprecated ? operation["x-successor"] : null,
    arguments: body.schema,
    example: body.example ?? {},
    status,
    contentType,
    result: content?.schema,
    resultAbout: response.description,
  };
}

/** The schema itself, and the name by which it is shared, if it is. */
export function resolve(schema) {
  if (!schema?.$ref) return { schema: schema ?? {}, name: null };
  const path = schema.$ref.replace(/^#\//, "").split("/");
  const target = path.reduce((at, step) => at?.[step], spec);
  return { schema: target ?? {}, name: path.at(-1) };
}

/** What a value may be: words for people, whether it may be null, and the schema of the object inside, if there is one. */
export function typeOf(given) {
  const { schema, name } = resolve(given);
  const branches = schema.anyOf ?? schema.oneOf;
  if (branches) {
    const kinds = branches.filter((branch) => branch.type !== "null").map(typeOf);
    return {
      words: kinds.map((kind) => kind.words).join(" or "),
      nullable: kinds.length < branches.length || kinds.some((kind) => kind.nullable),
      inside: kinds.find((kind) => kind.inside)?.inside,
      values: kinds.flatMap((kind) => kind.values),
    };
  }
  const types = [schema.type ?? []].flat();
  const nullable = types.includes("null");
  const values = (schema.enum ?? []).filter((value) => value !== null);
  const type = types.find((one) => one !== "null");
  if (type === "array") {
    const items = typeOf(schema.items ?? {});
    return { words: `list of ${items.words}`, nullable, inside: items.inside, values: items.values };
  }
  if (type === "object" && schema.properties) return { words: name ?? "object", nullable, inside: schema, values };
  if (type === "object" && typeof schema.additionalProperties === "object") {
    const each = typeOf(schema.additionalProperties);
    return { words: `object of ${each.words}`, nullable, inside: each.inside, values: [] };
  }
  return { words: values.length ? "enum" : schema.format ?? type ?? "any", nullable, inside: null, values };
}

/** Limits, in words. */
export function limitsOf(given) {
  const { schema } = resolve(given);
  const range = (least, most, unit) => {
    const from = schema[least] || (unit ? 0 : schema[least]);
    const to = schema[most];
    if (from != null && from !== 0 && to != null) return `${number(from)} to ${number(to)}${unit}`;
    if (to != null) return `at most ${number(to)}${unit}`;
    return from ? `at least ${number(from)}${unit}` : null;
  };
  return [
    range("minLength", "maxLength", " characters"),
    range("minItems", "maxItems", " items"),
    range("minimum", "maximum", ""),
  ].filter(Boolean).join(", ");
}

const number = (value) => value.toLocaleString("en");

/** A value to begin with, for an argument that is put into a request. */
export function sample(given) {
  const { schema } = resolve(given);
  if (schema.default != null) return schema.default;
  const words = schema.enum?.find((value) => value !== null);
  if (words !== undefined) return words;
  const branch = (schema.anyOf ?? schema.oneOf)?.find((one) => one.type !== "null");
  if (branch) return sample(branch);
  switch ([schema.type].flat().find((one) => one !== "null")) {
    case "array": return [sample(schema.items ?? {})];
    case "boolean": return true;
    case "integer":
    case "number": return schema.minimum || 1;
    case "object": {
      const required = schema.required ?? [];
      return Object.fromEntries(required.map((name) => [name, sample(schema.properties?.[name])]));
    }
    default: return { uuid: "0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6", "date-time": new Date().toISOString() }[schema.format] ?? "";
  }
}
