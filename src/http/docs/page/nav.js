// The list of all methods at the side: shows where one is, opens and closes on a phone, goes by arrow keys.

const nav = document.getElementById("nav");
const menu = document.getElementById("menu");

export function startNav() {
  menu.addEventListener("click", () => open(!document.body.classList.contains("menu-open")));
  nav.addEventListener("click", (event) => {
    if (event.target.closest("a")) open(false);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && document.body.classList.contains("menu-open")) {
      open(false);
      menu.focus();
    }
  });
  nav.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const stops = [...nav.querySelectorAll("summary, a")].filter((stop) => stop.checkVisibility?.() ?? stop.offsetParent);
    stops[stops.indexOf(document.activeElement) + step]?.focus();
    event.preventDefault();
  });
}

function open(isOpen) {
  document.body.classList.toggle("menu-open", isOpen);
  menu.setAttribute("aria-expanded", String(isOpen));
  if (isOpen) nav.querySelector("[aria-current], summary")?.focus();
}

/** Marks the method or resource that is shown. */
export function mark(name, resource) {
  nav.querySelectorAll("[aria-current]").forEach((link) => link.removeAttribute("aria-current"));
  const group = nav.querySelector(`details[data-resource="${CSS.escape(resource ?? "")}"]`);
  if (!group) return;
  group.open = true;
  const link = group.querySelector(`a[href="#${CSS.escape(name)}"]`);
  link?.setAttribute("aria-current", "page");
  (link ?? group).scrollIntoView({ block: "nearest" });
}
