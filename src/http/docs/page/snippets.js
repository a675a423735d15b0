// Commands that make the same call as the console. The key is left to the environment, so that they can be passed on.

import { parse } from "./json.js";
import { BASE } from "./spec.js";

export const SNIPPETS = { curl, dotdesk };

function curl(method, text) {
  const { value } = parse(text);
  return [
    `curl ${BASE}${method.name}`,
    ...(method.isPublic ? [] : ['-H "Authorization: Bearer $DOTDESK_TOKEN"']),
    ...(method.contentType === "text/event-stream" ? ["-N"] : []),
    `-d ${quoted(value ? JSON.stringify(value) : text)}`,
  ].join(" \\\n  ");
}

function dotdesk(method, text) {
  const { value } = parse(text);
  const parts = Object.entries(value ?? {}).map(([name, inner]) => {
    const plain = typeof inner === "string" && !inner.startsWith("@");
    const field = name.replace(/[\\.=:]/g, "\\$&");
    return word(plain ? `${field}=${inner}` : `${field}:=${JSON.stringify(inner)}`);
  });
  return [`dotdesk call ${method.name} --url ${BASE.replace(/\/$/, "")}`, ...parts].join(" \\\n  ");
}

/** A word of a command line, in quotes where the shell would read something else. */
function word(text) {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : quoted(text);
}

function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
