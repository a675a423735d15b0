// JSON with colours, and where it is wrong.

import { h } from "./dom.js";

const TOKEN = /("(?:\\.|[^"\\])*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** From how many characters on text is shown plain: colours for megabytes make the page slow. */
const PLAIN = 300_000;

/** The text of a JSON document in colours. */
export function colored(text) {
  if (text.length > PLAIN) return [text];
  const pieces = [];
  let last = 0;
  for (const match of text.matchAll(TOKEN)) {
    pieces.push(text.slice(last, match.index));
    const [whole, string, colon] = match;
    if (string && colon) pieces.push(h("span.j-name", null, string), colon);
    else pieces.push(h(string ? "span.j-string" : "span.j-word", null, whole));
    last = match.index + whole.length;
  }
  pieces.push(text.slice(last));
  return pieces;
}

export const pretty = (value) => JSON.stringify(value, null, 2);

/** The object that a text stands for, or what is wrong with the text. */
export function parse(text) {
  try {
    const value = JSON.parse(text.trim() || "{}");
    const isObject = value !== null && typeof value === "object" && !Array.isArray(value);
    return isObject ? { value } : { problem: "The arguments are a JSON object: { … }" };
  } catch (error) {
    return { problem: error.message };
  }
}
