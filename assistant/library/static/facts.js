// The facts of a document as a form: what was read, where, and what a person corrects.
import { el } from "./dom.js";

const DATES = new Set(["signed", "published", "effective", "expires", "repealed"]);

function field(fact, statuses) {
  const id = `fact-${fact.key}`;
  if (fact.key === "status") {
    return el("select", { id, name: fact.key },
      statuses.map((s) => el("option", { value: s.value, selected: s.value === fact.value }, s.name)));
  }
  const hint = DATES.has(fact.key) ? "未写明；如 2025-05-17" : fact.list ? "几个之间用顿号隔开" : "未写明";
  return el("input", { id, name: fact.key, value: fact.value, placeholder: hint, autocomplete: "off", spellcheck: false, maxLength: 500 });
}

function origin(fact, jump) {
  const said = fact.quote && el("q", fact.quote.length > 60 ? `${fact.quote.slice(0, 60)}…` : fact.quote);
  const look = fact.start !== null && el("button.link", { type: "button", onclick: () => jump(fact) },
    fact.page ? `看第 ${fact.page} 页` : "看原文");
  if (fact.origin === "catalog") return ["已改正", fact.read ? `；正文读出：${fact.read}` : "；正文没有写明", " ", look || ""];
  if (fact.origin === "file") return ["取自文件名"];
  if (!said) return ["正文没有写明"];
  return [fact.origin === "derived" ? "据正文 " : "正文 ", said, " ", look || ""];
}

/** The form; `save(values, drop, seen)` sends corrections and those that were there before, `jump(fact)` shows the words that a value was read from. */
export function factsForm(preview, { save, jump }) {
  const may = preview.may.correct;
  const rows = preview.facts.map((fact) => {
    const control = fact.editable && may
      ? field(fact, preview.statuses)
      : el("output", fact.key === "status" ? (preview.statuses.find((s) => s.value === fact.value) || {}).name || fact.value : fact.value || "未写明");
    const drop = may && fact.origin === "catalog" && el("button.link", { type: "button", onclick: () => save({}, [fact.key], { [fact.key]: fact.value }) }, "改回读出的");
    return el("div.fact", el("label", { htmlFor: `fact-${fact.key}` }, fact.name), control,
      el("p.soft", origin(fact, jump), " ", drop || ""));
  });
  const form = el("form.facts", rows, may ? el("p.actions", el("button.primary", { type: "submit" }, preview.item.state === "published" ? "保存并生效" : "保存修改")) : "");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const values = {};
    const seen = {};
    for (const fact of preview.facts) {
      const control = form.elements.namedItem(fact.key);
      if (!control || control.value.trim() === fact.value) continue;
      const value = control.value.trim();
      seen[fact.key] = fact.origin === "catalog" ? fact.value : null;
      values[fact.key] = fact.list ? value.split(/[、,，]/).map((v) => v.trim()).filter(Boolean) : value;
    }
    if (Object.keys(values).length) save(values, [], seen);
  });
  return form;
}
