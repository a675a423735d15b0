// Ids of the caller's own data in place of those of an example, so that a call can be tried as it stands.

import { key } from "./key.js";
import { BASE, methods } from "./spec.js";

/** The method that lists what a field refers to: `user_id`, `lead_user_ids` and `id` of `users` lead to `users.list`. */
function listOf(field, resource) {
  if (field === "id" || field === "ids") return lister(resource);
  const words = /^(.+)_ids?$/.exec(field)?.[1].split("_");
  for (let first = 0; first < (words?.length ?? 0); first += 1) {
    const one = words.slice(first).join("_").replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());
    const found = lister(`${one}s`) ?? lister(one.replace(/y$/, "ies")) ?? lister(`${one}es`);
    if (found) return found;
  }
  return null;
}

/** A resource's `list`, if it can be called without knowing anything. */
function lister(resource) {
  const list = methods.get(`${resource}.list`);
  return list && !(list.arguments.required?.length > 0) ? list.name : null;
}

/** The places of a request that hold ids of known kinds: `[object, field, list]`. */
function places(value, method, isTop = true) {
  if (value === null || typeof value !== "object") return [];
  return Object.entries(value).flatMap(([field, inner]) => {
    const holds = typeof inner === "string" || (Array.isArray(inner) && inner.every((one) => typeof one === "string"));
    if (Array.isArray(value) || !holds) return places(inner, method, false);
    // What an argument refers to in other words, such as `target_id`, is of the same kind as what the method is about.
    const list = listOf(field, method.resource) ?? (isTop && isId(method, field) ? lister(method.resource) : null);
    return list ? [[value, field, list]] : [];
  });
}

function isId(method, field) {
  const schema = method.arguments.properties?.[field];
  return schema?.format === "uuid" || schema?.items?.format === "uuid";
}

/** Whether a request of this method has ids that can be replaced. What is to be deleted, people choose themselves. */
export function hasIds(method) {
  return method.kind !== "delete" && places(method.example, method).length > 0;
}

/** The request with ids of the caller's own data; those of which there are none stay as they are. */
export async function withRealIds(method, value) {
  const copy = structuredClone(value);
  const taken = new Map();
  for (const [holder, field, list] of places(copy, method)) {
    if (!taken.has(list)) taken.set(list, await idsOf(list));
    // Two fields of one kind, as when two are merged, get two ids.
    const ids = taken.get(list);
    const id = ids.length > 1 ? ids.shift() : ids[0];
    if (id) holder[field] = Array.isArray(holder[field]) ? [id] : id;
  }
  return copy;
}

async function idsOf(list) {
  try {
    const response = await fetch(BASE + list, {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${key()}` },
      credentials: "omit",
      body: '{"limit":5}',
    });
    const body = await response.json();
    return (body.data ?? []).map((one) => one.id).filter((id) => typeof id === "string");
  } catch {
    return [];
  }
}
