// Elements in a line of code, and lists that change without being made anew: what is selected, focused and scrolled to stays.

/** An element. Properties beginning with "on" are listeners, "data-" and "aria-" ones attributes; text never becomes markup. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else if (/^(data-|aria-|role$|scope$|colspan$)/.test(name)) element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children.filter((child) => child !== undefined && child !== ""));
  return element;
}

/** Sets text only where it differs. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Makes the children of `parent` those of `items`, in their order: `make(item)` gives a new one, `update(element, item)` brings one up
 * to date. `keyOf` tells which is which.
 */
export function keyed(parent, items, keyOf, make, update = () => {}) {
  const known = parent.knownChildren ??= new Map();
  const left = new Set(known.keys());
  let after = null;
  for (const item of items) {
    const key = String(keyOf(item));
    left.delete(key);
    let child = known.get(key);
    if (child === undefined) known.set(key, child = make(item));
    update(child, item);
    const place = after === null ? parent.firstChild : after.nextSibling;
    if (place !== child) parent.insertBefore(child, place);
    after = child;
  }
  for (const key of left) {
    known.get(key).remove();
    known.delete(key);
  }
}

/** "3.5 MiB". */
export function bytes(count) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (count >= 1024 && unit < units.length - 1) {
    count /= 1024;
    unit++;
  }
  return `${unit === 0 || count >= 100 ? Math.round(count) : count.toFixed(1)} ${units[unit]}`;
}

/** "12.3 ms", of nanoseconds. */
export function duration(ns) {
  if (ns === undefined) return "";
  if (ns < 1000) return `${Math.round(ns)} ns`;
  if (ns < 1e6) return `${(ns / 1e3).toFixed(1)} µs`;
  return ns < 1e9 ? `${(ns / 1e6).toFixed(1)} ms` : `${(ns / 1e9).toFixed(2)} s`;
}

/** A table whose rows come and go: `columns` of [title, cell(item), whether it is a number]. */
export class Table {
  constructor(caption, columns) {
    this.columns = columns;
    this.note = h("small");
    this.body = h("tbody");
    const heads = columns.map(([title, , number]) => h("th", { scope: "col", class: number ? "number" : "" }, title));
    this.element = h(
      "table",
      {},
      h("caption", {}, `${caption} `, this.note),
      h("thead", {}, h("tr", {}, ...heads)),
      this.body,
    );
  }

  show(items, keyOf, note = "") {
    setText(this.note, note);
    keyed(this.body, items, keyOf, () => {
      const cells = this.columns.map(([, , number]) => h("td", { class: number ? "number" : "" }));
      return h("tr", {}, ...cells);
    }, (row, item) =>
      this.columns.forEach(([, cell], i) => {
        const content = cell(item);
        const place = row.children[i];
        if (content instanceof Node) place.replaceChildren(content);
        else setText(place, String(content ?? ""));
      }));
  }
}
