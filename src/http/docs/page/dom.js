// Makes elements. Text is only ever set as text, so nothing that comes from a server can run.

/** `h("a.name", { href: "#x" }, "text", child)`; attributes that are false, null or undefined are left out. */
export function h(selector, attributes, ...children) {
  const [tag, ...classes] = selector.split(".");
  const element = document.createElement(tag || "div");
  if (classes.length) element.className = classes.join(" ");
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === false || value == null) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
  return element;
}

/** Words of a description: paragraphs, lists and `code`. */
export function prose(text) {
  const blocks = [];
  for (const block of (text ?? "").split(/\n{2,}/)) {
    const lines = block.split("\n");
    const start = lines.findIndex((line) => line.startsWith("- "));
    const words = (start < 0 ? lines : lines.slice(0, start)).join(" ").trim();
    if (words) blocks.push(h("p", null, inline(words)));
    if (start >= 0) {
      const items = lines.slice(start).join("\n").split(/^- /m).filter((item) => item.trim());
      blocks.push(h("ul", null, items.map((item) => h("li", null, inline(item.replace(/\s*\n\s*/g, " ").trim())))));
    }
  }
  return blocks;
}

function inline(text) {
  return text.split(/(`[^`]+`)/).filter(Boolean).map((piece) =>
    piece.length > 2 && piece.startsWith("`") ? h("code", null, piece.slice(1, -1)) : piece);
}

/** A button that copies what `text` returns. */
export function copyButton(label, text, words = "Copy") {
  const button = h("button.copy", { type: "button", "aria-label": label, title: label }, words);
  button.addEventListener("click", async () => {
    const done = await copy(text());
    button.textContent = done ? "Copied" : "Press Ctrl+C";
    setTimeout(() => { button.textContent = words; }, 1500);
  });
  return button;
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Browsers offer the clipboard to secure pages only; a server on the local network is none.
    const area = h("textarea", { readonly: true }, text);
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}
