// What a visitor may choose instead of typing: an example question, the region, who writes the answer.

import { byId, el, icon } from "./dom.js";
import { words } from "./words.js";

/** What the API calls “no region”. */
export const ANYWHERE = "不限";
const MOST_EXAMPLES = 6;

/** Give a button without words its name, for eyes and for screen readers. */
export function name(node, text) {
  node.title = text;
  node.setAttribute("aria-label", text);
}

/** Example questions; `ask` gets the one that is clicked. */
export function offer(questions, ask) {
  const row = (q) => el("li", {}, el("button", { type: "button", class: "question", click: () => ask(q) }, el("span", {}, q), icon("go")));
  byId("questions").replaceChildren(...questions.slice(0, MOST_EXAMPLES).map(row));
  byId("questions").setAttribute("aria-label", words.questions);
}

function fill(select, rows, chosen) {
  select.replaceChildren(...rows.map(([value, text]) => el("option", { value, selected: value === chosen }, text)));
}

byId("region").addEventListener("change", ({ target }) => (target.dataset.chosen = target.value));

/** Regions to choose from; what the visitor has chosen stays chosen, until then the site's default is. */
export function regions(found, preset) {
  const select = byId("region");
  const names = [...new Set(found.filter(Boolean))];
  fill(select, [[ANYWHERE, words.anywhere], ...names.map((n) => [n, n])], select.dataset.chosen || preset || ANYWHERE);
  byId("where").hidden = !names.length;
}

/** Who writes the answer: to be chosen only where there is a model. */
export function manners(model) {
  const select = byId("style");
  select.setAttribute("aria-label", words.style);
  fill(select, ["llm", "verbatim"].map((m) => [m, words.modes[m][0]]), select.value || "llm");
  byId("manner").hidden = !model;
}
