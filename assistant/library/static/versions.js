// Whether a document of the same kind is published already, and what this file would change in it.
import { el } from "./dom.js";

export function named(match) {
  return `《${match.title}》${match.number ? `（${match.number}）` : ""}`;
}

/** The line above the tabs: what is known of an earlier version, and the choice what to do about it. */
export function versionChoice(preview, choose) {
  if (!preview.may.correct || !preview.matches.length) return "";
  const options = [["", "作为另一份文件收录，两份都保留"], ...preview.matches.map((m) => [m.document_id, `替换已发布的${named(m)}`])];
  return el("div.care", { id: "versions" },
    preview.matches.map((m) => el("p", `已发布的${named(m)}与它${m.grounds}。`)),
    el("label", "发布时 ", el("select", { id: "version-of", onchange: (event) => choose(event.target.value) },
      options.map(([value, text]) => el("option", { value, selected: value === preview.version_of }, text)))));
}

/** Words that go are struck out, words that come are underlined; neither is told by colour alone. */
function piece({ op, text }) {
  if (op === "same") return text;
  return el(op === "added" ? "ins" : "del", text);
}

export function changesPanel(changes) {
  return el("div",
    el("p", { id: "changes-count" }, changes.counts.map((c) => `${c.name} ${c.count} 条`).join("，")),
    changes.pins.length
      ? el("div.care", { id: "pins" }, el("p", "下列核定答案引用了要改的条款，发布后请复核："), el("ul.plain", changes.pins.map((q) => el("li", q))))
      : "",
    changes.rows.map((row) => el(`section.change.${row.kind}`,
      el("h3", el("span.badge", row.name), ` ${row.was ? `${row.was} → ` : ""}${row.label} ${row.title}`),
      row.figures.length ? el("p.soft", "数字：", row.figures.map((f) => `${f.old || "（无）"} → ${f.new || "（无）"}`).join("；")) : "",
      el("p", row.pieces.map(piece)))));
}
