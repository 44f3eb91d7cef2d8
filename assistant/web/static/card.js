// One clause as a card: folded to its address and the quoted words, opened to the whole text with the quotes marked.

import { copy, el, icon } from "./dom.js";
import { words } from "./words.js";

const FOLD_CHARS = 400; // longer unquoted stretches are folded, so that the quoted words are seen first
const PEEK_CHARS = 160;
const TONES = { in_force: "green", issued: "blue", draft: "amber", reply: "grey", expired: "red", repealed: "red" };
const OFFICE = /^(责任单位|责任部门|牵头单位|牵头部门|配合单位|配合部门|主管部门)[：:]/;

const list = (value) => (Array.isArray(value) ? value : []);
const quotesOf = (c) => list(c.quotes).filter((q) => q.start < q.end && q.end <= c.text.length);

/** 第8条 支持……: the clause's own number and title. */
function heading(c) {
  const title = c.title === c.label ? "" : c.title || "";
  const gap = title && /[\p{L}\p{N}]$/u.test(c.label || "") ? " " : "";
  return `${c.label || ""}${gap}${title}`;
}

/** The department bracket as printed, without its brackets. */
export function departmentsOf(c) {
  const inside = (c.department_text || "").trim().replace(/[。；;]+$/, "");
  return /^[（([［【]/.test(inside) ? inside.slice(1, -1) : inside;
}

function unquoted(text) {
  if (text.length <= FOLD_CHARS) return text;
  return el("details", {}, el("summary", {}, words.unfold(text.length)), text);
}

function marked(c, name) {
  const quotes = quotesOf(c);
  if (!quotes.length) return [c.text];
  const parts = [];
  let at = 0;
  quotes.forEach((q, i) => {
    const start = Math.max(q.start, at);
    if (start >= q.end) return;
    parts.push(unquoted(c.text.slice(at, start)), el("mark", { id: `${name}-q${i}` }, c.text.slice(start, q.end)));
    at = q.end;
  });
  return [...parts, unquoted(c.text.slice(at))];
}

function peek(c) {
  const quotes = quotesOf(c).map((q) => c.text.slice(q.start, q.end).trim());
  const text = (quotes.length ? quotes.join("……") : c.text).replace(/\s+/g, " ");
  return text.length > PEEK_CHARS ? `${text.slice(0, PEEK_CHARS)}……` : text;
}

function offices(c, name) {
  const inside = departmentsOf(c);
  if (!inside) return null;
  const departments = list(c.departments);
  const led = departments.some((d) => d.role === "lead");
  const rows = inside.split(/[；;]/).flatMap((part) => {
    const said = part.match(OFFICE);
    const lead = departments.some((d) => d.role === "lead" && part.includes(d.name));
    const label = said ? said[1] : lead ? words.lead : led ? words.support : words.responsible;
    const who = said ? part.slice(said[0].length) : lead ? part.replace(/牵头$/, "") : part;
    return [el("dt", {}, label), el("dd", {}, who)];
  });
  return el("dl", { class: "offices", id: `${name}-d` }, rows);
}

function copying(text) {
  const button = el("button", { type: "button", class: "quiet" }, words.copyClause);
  button.addEventListener("click", async () => {
    button.textContent = (await copy(text)) ? words.copied : words.uncopied;
    setTimeout(() => (button.textContent = words.copyClause), 1600);
  });
  return button;
}

/** Open or fold a card. */
export function unfold(card, open) {
  card.classList.toggle("open", open);
  card.querySelector(".head").setAttribute("aria-expanded", String(open));
  card.querySelector(".body").hidden = !open;
}

/**
 * @param {object} c a citation of the answer
 * @param {string} name the card's id; its quotes are name-q0, name-q1 …, its departments name-d
 * @param {Function} back goes to where the answer cites this card
 */
export function card(c, name, back) {
  const own = heading(c);
  const path = list(c.path).filter((p) => p.replaceAll(" ", "") !== `${c.label}${c.title}`.replaceAll(" ", ""));
  const source = /^https?:\/\//.test(c.source_url || "") ? c.source_url : "";
  const head = el(
    "button",
    { type: "button", class: "head", "aria-expanded": "false", "aria-controls": `${name}-body` },
    el("span", { class: "n" }, `[${c.n}]`),
    el("span", { class: "which" }, own ? el("b", {}, own) : null, el(own ? "span" : "b", { class: "document" }, c.document_title)),
    icon("more"),
  );
  const facts = el(
    "p", { class: "facts" },
    el("span", { class: `badge ${TONES[c.status] || "grey"}` }, words.statuses[c.status] || words.statuses.unknown),
    c.document_number ? el("span", { class: "number" }, c.document_number) : null,
    list(c.changes).length ? el("span", { class: "number" }, c.changes.join("；")) : null,
    el("span", { class: "peek" }, peek(c)),
  );
  const body = el(
    "div", { class: "body", id: `${name}-body`, hidden: true },
    path.length ? el("p", { class: "path" }, path.join(" › ")) : null,
    el("div", { class: "clause" }, marked(c, name)),
    offices(c, name),
    list(c.footnotes).length ? el("ul", { class: "notes" }, c.footnotes.map((f) => el("li", {}, el("sup", {}, f.mark || ""), f.text || ""))) : null,
    el(
      "p", { class: "acts" },
      el("button", { type: "button", class: "quiet", click: back }, words.back),
      source ? el("a", { class: "quiet", href: source, target: "_blank", rel: "noopener noreferrer" }, words.source) : null,
      copying(`${c.address || ""}：${c.text}${c.department_text || ""}`),
    ),
  );
  const node = el("article", { class: "card", id: name, tabindex: "-1", "aria-label": `[${c.n}] ${own || c.document_title}` }, el("h4", {}, head), facts, body);
  head.addEventListener("click", () => unfold(node, body.hidden));
  return node;
}
