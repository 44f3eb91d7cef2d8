// Where every character of a file went, and what a person should compare with the original.
import { el } from "./dom.js";

function list(title, rows, empty) {
  return el("section.block", el("h3", `${title}：${rows.length ? `${rows.length} 处` : empty}`), rows.length ? el("ul.plain", rows) : "");
}

/** Doubtful characters stand in 【】; they are marked. */
function doubtful(row, jump) {
  const parts = /^(.*?)【(.*?)】(.*)$/s.exec(row.text);
  const words = parts ? [parts[1], el("mark", parts[2]), parts[3]] : [row.text];
  return el("li", row.page ? el("button.link", { type: "button", onclick: () => jump(row.page) }, `第 ${row.page} 页`) : "",
    " ", words, el("span.soft", `（把握 ${Math.round(row.confidence * 100)}%）`));
}

export function accountPanel(account, jump) {
  const percent = (account.coverage * 100).toFixed(2);
  return el("div.account",
    account.warnings.map((line) => el("p.care", line)),
    account.recognised
      ? el("section.block", el("h3", `识别出的文字 ${account.recognised} 字；把握不足、请对照原件：${account.lows} 处`),
        account.low.length ? el("ul.plain", { id: "low" }, account.low.map((row) => doubtful(row, jump))) : "")
      : "",
    el("section.block", el("h3", `全文 ${account.characters} 字，归类 ${percent}%`),
      el("table", el("thead", el("tr", el("th", { scope: "col" }, "去向"), el("th", { scope: "col" }, "字符"))),
        el("tbody", account.kinds.map((k) => el("tr", el("th", { scope: "row" }, k.name), el("td", String(k.characters)))),
          el("tr", el("th", { scope: "row" }, "未归类"), el("td", String(account.unclassified)))))),
    list("编号问题", account.gaps.map((row) => el("li", row)), "无"),
    list("存疑的修复", account.doubts.map((row) => el("li", row)), "无"),
    list("不是正文、没有收录的文字", account.removed.map((row) => el("li", `${row.kind}${row.page ? `（第 ${row.page} 页）` : ""}：${row.text}`)), "无"),
    list("版面杂项", account.noise.map((row) => el("li", row.text.trim())), "无"));
}
