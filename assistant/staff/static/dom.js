// Building elements. Words of people and documents only ever become text nodes.

/** An element: el("p.s-soft", { id: "x", onclick: f }, "text", child). Empty children are left out. */
export function el(name, ...rest) {
  const [tag, ...classes] = name.split(".");
  const node = document.createElement(tag);
  if (classes.length) node.className = classes.join(" ");
  const props = rest[0] && rest[0].constructor === Object ? rest.shift() : {};
  for (const [key, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key in node && key !== "list" && key !== "form") node[key] = value;
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...rest.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

/** Text with spans marked; spans count characters as the server does, not UTF-16 units. */
export function marked(text, spans) {
  const fragment = document.createDocumentFragment();
  const characters = Array.from(text);
  let at = 0;
  for (const [start, end] of spans) {
    if (start > at) fragment.append(characters.slice(at, start).join(""));
    fragment.append(el("mark", characters.slice(start, end).join("")));
    at = end;
  }
  fragment.append(characters.slice(at).join(""));
  return fragment;
}

/** The part of a text around its first mark, with marks; about `size` characters. */
export function snippet(text, spans, size = 64) {
  const characters = Array.from(text);
  const first = spans.length ? spans[0][0] : 0;
  const from = first < size - 24 ? 0 : first - 16;
  const until = Math.min(characters.length, from + size);
  const inside = spans.filter(([s, e]) => s >= from && e <= until).map(([s, e]) => [s - from, e - from]);
  const fragment = document.createDocumentFragment();
  if (from) fragment.append("……");
  fragment.append(marked(characters.slice(from, until).join(""), inside));
  if (until < characters.length) fragment.append("……");
  return fragment;
}

/** Copy text; resolves to whether it was copied. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Pages over plain http have no clipboard; the old way still works there.
    const before = document.activeElement;
    const area = el("textarea", { value: text, readOnly: true });
    area.style.cssText = "position:fixed;opacity:0";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    before?.focus?.({ preventScroll: true });
    return done;
  }
}

/** A short message at the bottom of the page, also read out by screen readers. */
export function tell(text) {
  let bar = document.getElementById("s-told");
  if (!bar) {
    bar = el("div", { id: "s-told", role: "status" });
    document.body.append(bar);
  }
  bar.textContent = text;
  bar.dataset.shown = "true";
  clearTimeout(tell.timer);
  tell.timer = setTimeout(() => delete bar.dataset.shown, 1800);
}

/** Copy and say so. */
export async function copied(text, what) {
  tell((await copy(text)) ? `已复制${what}` : "浏览器不让复制，请手动选择文字");
}

/** Standing of a document; `short` leaves out what stands in brackets. */
export function badge(document, short = false) {
  return el(`span.s-badge.s-${document.tone}`, short ? document.standing.split("（")[0] : document.standing);
}
