// One clause, whole: words, facts of its document, neighbours, whom to hand over to, and what may be read out.
import { badge, copied, el, marked, tell } from "./dom.js";
import { get, post } from "./wire.js";

const KEPT = 60;

export class Detail {
  constructor(back) {
    this.element = el("section", { id: "s-detail", tabIndex: -1, "aria-label": "条款" });
    this.back = back;
    this.clause = this.document = this.words = this.around = null;
    this.places = new Map(); // clause id → its neighbours, so that going back costs nothing
    this.steps = Promise.resolve();
    this.spoken = el("div.s-script");
    this.near = el("div.s-near");
  }

  empty(line) {
    this.clause = null;
    this.element.replaceChildren(el("p.s-empty", line || "没有可显示的条款。"));
  }

  show(clause, document) {
    this.clause = clause;
    this.document = document;
    this.element.scrollTop = 0;
    this.near.replaceChildren();
    this.element.replaceChildren(
      el("div.s-main", this.header(), this.actions(),
        el("div.s-text", marked(clause.text, clause.marks)),
        clause.footnotes.length ? el("dl.s-notes", { "aria-label": "脚注" }, clause.footnotes.map(([mark, text]) => [el("dt", `注${mark}`), el("dd", text)])) : "",
        this.near),
      el("aside.s-aside", this.spoken, this.handOver(), this.facts()));
    this.neighbours();
  }

  header() {
    const { clause, document } = this;
    return el("header", el("p.s-path", [document.title, ...clause.path].join(" › ")),
      el("h2", clause.place, clause.place && clause.title ? " " : "", clause.title ? marked(clause.title, clause.title_marks) : ""),
      el("p.s-facts", badge(document), document.detail ? el("span", document.detail) : "", clause.changes.map((line) => el("span", line))));
  }

  actions() {
    const link = this.document.source_url;
    return el("p.s-actions",
      el("button", { type: "button", id: "s-quote", onclick: () => this.quote() }, "复制引用", el("kbd", "C")),
      el("button", { type: "button", id: "s-read", onclick: () => this.read() }, "复制话术", el("kbd", "S")),
      link ? el("a.s-link", { href: link, target: "_blank", rel: "noopener noreferrer" }, "查看原文") : "");
  }

  facts() {
    const d = this.document;
    const rows = [["文号", d.number || "未载明"], ["发文机关", d.issuer || "未载明"], ["适用地区", d.region || "未载明"], ["状态", d.standing], ...d.dates];
    return el("section.s-block", el("h3", "文件"), el("dl.s-rows", rows.map(([name, value]) => [el("dt", name), el("dd", value)])));
  }

  handOver() {
    const { offices, unsaid } = this.clause;
    return el("section.s-block", el("h3", "转交"),
      offices.length ? el("dl.s-rows.s-offices", offices.map((o) => [el("dt", o.role), el("dd", o.names.join("、"))])) : el("p", "条款没有写明责任部门。"),
      unsaid.length ? el("p.s-soft", `文件没有写明：${unsaid.join("、")}。`) : "");
  }

  /** The words to read out for the typed question; null while there are none. */
  script(words) {
    this.words = words;
    if (!words || !words.lines.length) {
      this.spoken.replaceChildren(el("h3", "可读话术"), el("p.s-soft", "打完问题，这里就有可以照着读的话。"));
      return;
    }
    this.spoken.replaceChildren(el("h3", "可读话术"), ...words.lines.map((line) => el(`p.s-${line.kind}`, line.text)));
  }

  /** The neighbours of a clause, asked once; null when the server did not answer. */
  place(id) {
    if (!this.places.has(id)) {
      const asked = get(`/clauses/${encodeURIComponent(id)}`).catch(() => {
        this.places.delete(id); // the clause itself is there; its neighbours come with the next look
        return null;
      });
      this.places.set(id, asked);
      if (this.places.size > KEPT) this.places.delete(this.places.keys().next().value);
    }
    return this.places.get(id);
  }

  async neighbours() {
    const { id } = this.clause;
    const around = await this.place(id);
    if (!around || this.clause?.id !== id) return;
    this.around = around;
    const side = (which, label) => {
      const clause = this.around[which];
      if (!clause) return el("p.s-soft", which === "previous" ? "这是文件的第一条。" : "这是文件的最后一条。");
      return el("details", el("summary", `${label}：${clause.place} ${clause.title}`), el("p", clause.text),
        el("button.s-link", { type: "button", onclick: () => this.step(which) }, "打开这一条"));
    };
    this.near.replaceChildren(side("previous", "上一条"), side("next", "下一条"));
  }

  /** To the clause before or after; keys pressed faster than the server answers are followed one after the other. */
  step(which) {
    this.steps = this.steps.then(async () => {
      const around = this.clause && (await this.place(this.clause.id));
      if (around?.clause.id === this.clause?.id && around?.[which]) this.show(around[which], this.document);
    });
  }

  open() {
    this.element.focus();
    this.element.scrollIntoView({ block: "nearest" });
  }

  quote() {
    if (this.clause) copied(this.clause.quote, "引用文本");
  }

  async read() {
    if (!this.words) return tell("还没有话术，请先输入问题");
    const { text, question, region } = this.words;
    await copied(text, "话术");
    // It is being read to somebody: only now is the answer recorded.
    post("/script", { question, region, keep: true }).catch(() => {});
  }
}
