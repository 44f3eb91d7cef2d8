// 服务包: a caller's file, held against the conditions of the clauses.
import { badge, el, tell } from "./dom.js";
import { download, post } from "./wire.js";

const SHOWN_KINDS = 10;

export function callersFile(root, start) {
  const replies = {};
  const field = (label, input, hint) => el("label.s-field", el("span", label), input, hint ? el("small", hint) : "");
  const number = (name, more = {}) => el("input", { name, type: "number", step: "any", inputMode: "decimal", ...more });
  const kinds = start.kinds.slice(0, SHOWN_KINDS).map((kind) =>
    el("label.s-chip", el("input", { type: "checkbox", name: "kind", value: kind }), el("span", kind)));
  const form = el("form", { id: "s-file", "aria-label": "来电人档案", onsubmit: (event) => { event.preventDefault(); check(); } },
    field("城市", el("select", { name: "region", required: true }, start.regions.map((r) => el("option", { value: r, selected: r === start.region }, r)))),
    field("区域或园区", el("input", { name: "area", maxLength: 40, placeholder: "如 临港新片区" })),
    el("fieldset.s-wide", el("legend", "企业类型"), el("div.s-chips", kinds), el("input", { name: "other", maxLength: 40, placeholder: "其他类型", "aria-label": "其他类型" })),
    el("label.s-field.s-wide", el("span", "发生了什么"), el("textarea", { name: "story", rows: 3, maxLength: 500, placeholder: "如：今年首次升规，营收增长15%，签了500万元首台套合同" }), el("small", "不要写姓名和电话")),
    field("上年营收增长", number("growth"), "%"), field("连续增长", number("years", { min: 0, step: 1 }), "年"),
    start.amounts.map((what) => field(what, number(`amount:${what}`, { min: 0 }), "万元")),
    el("p.s-actions.s-wide", el("button.s-primary", { type: "submit" }, "核对条款"), el("button", { type: "button", onclick: clear }, "清空")));
  const status = el("p.s-note", { role: "status" }, "填好左边，按“核对条款”。只要城市和一句话就能开始。");
  const save = el("button", { type: "button", id: "s-export", hidden: true, onclick: () => exported() }, "导出 Word（一页）");
  const list = el("div", { id: "s-items" });
  root.replaceChildren(el("div.s-pair", form, el("section", { "aria-label": "核对结果" }, el("div.s-between", status, save), list)));
  let current = 0;

  function body() {
    const data = new FormData(form);
    const text = (name) => String(data.get(name) || "").trim();
    const value = (name) => (text(name) === "" ? null : Number(text(name)));
    const amounts = Object.fromEntries(start.amounts.map((what) => [what, value(`amount:${what}`)]).filter(([, wan]) => wan !== null));
    return {
      region: text("region"), area: text("area"), kinds: [...data.getAll("kind"), text("other")].filter(Boolean), story: text("story"),
      growth: value("growth"), years: value("years"), amounts, replies: { ...replies },
    };
  }

  async function check() {
    const mine = ++current;
    status.className = "s-note";
    status.textContent = "正在核对……";
    try {
      const made = await post("/package", body());
      if (mine !== current) return;
      const open = made.items.filter((item) => !item.unmet);
      status.textContent = made.remark || `可能适用 ${open.length} 项，不符合 ${made.items.length - open.length} 项。${made.caution}`;
      save.hidden = !made.items.length;
      list.replaceChildren(...made.items.map((item) => card(item, made.documents[item.clause.document])));
    } catch (error) {
      if (mine !== current) return;
      status.className = "s-note s-bad";
      status.textContent = error.message;
    }
  }

  function card(item, document) {
    const { clause } = item;
    const offices = clause.offices.map((o) => `${o.role}：${o.names.join("、")}`).join("；");
    return el(`article.s-item${item.unmet ? ".s-unmet" : ""}`,
      el("h3", clause.title || clause.place, badge(document)), el("p.s-soft", clause.name + (document.detail ? `（${document.detail}）` : "")),
      el("blockquote", item.before ? el("span.s-soft", item.before) : "", item.text),
      el("ul.s-checks", item.checks.map(condition)),
      item.sums.map((sum) => el("p.s-sum", sum)),
      el("p.s-soft", offices ? `${offices}。` : "条款没有写明责任部门。", clause.unsaid.length ? ` 文件没有写明：${clause.unsaid.join("、")}。` : ""));
  }

  function condition(c) {
    const answer = (reply, label) =>
      el("button.s-reply", { type: "button", "aria-pressed": String(replies[c.key] === reply), "aria-label": `${label}：${c.text}`, onclick: () => {
        if (replies[c.key] === reply) delete replies[c.key];
        else replies[c.key] = reply;
        check();
      } }, label);
    const asked = c.question || replies[c.key];
    return el("li", el(`span.s-verdict.s-v-${c.verdict}`, c.word), el("div", el("b", c.text), el("p", c.reason || c.question)),
      asked ? el("span.s-replies", answer("yes", "是"), answer("no", "不是")) : "");
  }

  async function exported() {
    save.disabled = true;
    try {
      tell(`已导出 ${await download("/package/export", body())}`);
    } catch (error) {
      tell(error.message);
    }
    save.disabled = false;
  }

  function clear() {
    form.reset();
    for (const key of Object.keys(replies)) delete replies[key];
    current++;
    list.replaceChildren();
    save.hidden = true;
    status.className = "s-note";
    status.textContent = "已清空。";
    form.elements.region.focus();
  }
}
