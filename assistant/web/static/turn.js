// One question with its answer. Events of the stream go in one by one and each adds to what stands there already;
// a conversation from before a reload is shown by putting the same events in again.

import { card, departmentsOf, unfold } from "./card.js";
import { copy, el, icon, show } from "./dom.js";
import { words } from "./words.js";

const MAX_SHOWN_CHARS = 1000; // more of a question is not repeated: the asker has it, the answer should stay in sight
const MAX_UNDERSTOOD_CHARS = 80;
const OFFICE = /^(责任单位|责任部门|牵头单位|牵头部门|配合单位|配合部门|主管部门)[：:]/;
const sideBySide = matchMedia("(min-width: 860px)");
sideBySide.addEventListener("change", ({ matches }) => {
  if (matches) document.querySelectorAll(".card").forEach((node) => unfold(node, true));
});
const bare = (text) => text.replace(/[^\p{L}\p{N}_]/gu, "");

export class Turn {
  /**
   * @param {object} data {id, question, …}; grows with the answer and is what a reload brings back
   * @param {{retry: Function, rate: Function}} acts what its buttons do
   */
  constructor(data, acts) {
    this.data = Object.assign({ state: "busy", citations: [], sentences: [], notices: [], record: null, rating: "" }, data);
    this.acts = acts;
    this.openFor = ""; // which clauses the last paragraph quotes
    const asked = this.data.question.trim();
    const long = asked.length > MAX_SHOWN_CHARS;
    this.said = el("div", { class: "said" });
    this.status = el("p", { class: "status" }, el("i"), el("i"), el("i"), el("span", {}, words.searching));
    this.noted = el("div", { class: "notices", role: "note", hidden: true }, icon("note"), el("div", {}, el("strong", { class: "aside" }, words.notices)));
    this.end = el("div", { class: "end" });
    this.answer = el("article", { class: "answer", "aria-live": "polite", "aria-busy": "true" }, this.said, this.status, this.noted, this.end);
    this.clauses = el("aside", { class: "clauses", hidden: true });
    this.node = el(
      "section", { class: "turn", id: this.data.id, "data-state": "busy" },
      el("h2", { class: "question" }, long ? `${asked.slice(0, MAX_SHOWN_CHARS)}……（共${asked.length}字）` : asked),
      el("div", { class: "columns" }, el("div", { class: "main" }, el("h3", {}, words.answer), this.answer), this.clauses),
    );
  }

  /** A turn as it stood before a reload. What was still coming then is broken off. */
  static restore(data, acts) {
    const { citations = [], sentences = [], notices = [], record, trouble, rating, state } = data;
    const turn = new Turn({ id: data.id, question: data.question, follows: data.follows, rating }, acts);
    if (citations.length) turn.hear("evidence", { citations });
    sentences.forEach((s) => turn.hear("sentence", s));
    if (record) {
      notices.forEach((text) => turn.hear("notice", { text }));
      turn.hear("done", record);
    } else turn.stop(state === "failed" ? trouble || words.failed : state === "stopped" ? words.stopped : words.broken, state === "stopped" ? state : "failed");
    return turn;
  }

  /** One event of the stream. */
  hear(kind, data) {
    if (kind === "evidence") this.#evidence(data.citations);
    else if (kind === "waiting") this.#tell(data.text);
    else if (kind === "sentence") this.#sentence(data);
    else if (kind === "notice") this.#notice(data.text);
    else if (kind === "done") this.#done(data);
  }

  #tell(text) {
    this.status.lastChild.textContent = text;
  }

  #evidence(citations) {
    this.data.citations = citations;
    const cards = citations.map((c) => card(c, `${this.data.id}-c${c.n}`, () => this.#back(c.n)));
    this.headline = el("h3", {}, words.related);
    this.clauses.setAttribute("aria-label", words.related);
    this.clauses.replaceChildren(this.headline, ...cards);
    this.clauses.hidden = !cards.length;
    this.node.classList.toggle("cited", cards.length > 0);
    if (sideBySide.matches) cards.forEach((node) => unfold(node, true));
    if (cards.length) this.#tell(`${words.found(cards.length)}，${words.writing}`);
  }

  #sentence(s) {
    this.data.sentences.push(s);
    const cited = new Map(this.data.citations.map((c) => [c.n, c]));
    const marks = s.citations.filter((n) => cited.has(n)).map((n) => this.#mark(s, cited.get(n)));
    const id = `${this.data.id}-s${this.data.sentences.length}`;
    // The last character and its marks stay on one line.
    const here = el("span", { id }, s.text.slice(0, -1), el("span", { class: "tail" }, s.text.slice(-1), marks));
    const first = cited.get(s.citations[0]);
    const office = Boolean(first) && this.#isOffice(s, first);
    const group = office ? "" : s.citations.join();
    if (group && group === this.openFor) {
      this.said.lastChild.append(here);
      return;
    }
    this.openFor = group;
    if (s.support === "notice" && s.text.startsWith("【")) {
      here.firstChild.textContent = s.text.replace(/^【|】$/g, "");
      here.lastChild.remove();
      this.said.append(el("h4", {}, here));
    } else if (office) this.said.append(el("p", { class: "office" }, OFFICE.test(s.text) ? null : el("b", {}, words.office), here));
    else this.said.append(el("p", { class: s.support === "notice" ? "remark" : "quoted" }, here));
  }

  #isOffice(s, c) {
    return Boolean(departmentsOf(c)) && departmentsOf(c).includes(s.text.replace(/。+$/, ""));
  }

  #mark(s, c) {
    const button = el("button", { type: "button", class: "ref", "data-n": c.n, "aria-label": words.cite(c.n) }, `[${c.n}]`);
    button.addEventListener("click", () => this.#open(s, c));
    return button;
  }

  /** Open the card of a clause and show the words in it that this sentence is. */
  #open(s, c) {
    const name = `${this.data.id}-c${c.n}`;
    const node = document.getElementById(name);
    const text = c.text.indexOf(s.text) >= 0 ? s.text : s.text.slice(0, 12);
    const at = c.text.indexOf(text);
    const quote = (c.quotes || []).findIndex((q) => q.start <= at && at < q.end);
    const spot = document.getElementById(this.#isOffice(s, c) ? `${name}-d` : `${name}-q${quote}`) || node;
    document.querySelectorAll(".lit, .spot").forEach((other) => other.classList.remove("lit", "spot"));
    unfold(node, true);
    node.classList.add("lit");
    spot.classList.add("spot");
    node.focus({ preventScroll: true });
    const tall = node.offsetHeight > innerHeight * 0.6;
    show(tall ? spot : node, tall ? "center" : "nearest");
  }

  #back(n) {
    const ref = this.said.querySelector(`.ref[data-n="${n}"]`);
    const to = ref || this.answer;
    show(to, "center");
    if (ref) ref.focus({ preventScroll: true });
  }

  #notice(text) {
    this.data.notices.push(text);
    if (text.startsWith("人工核定 · ")) return this.said.before(el("p", { class: "reviewed" }, text));
    this.noted.lastChild.append(el("p", {}, text));
    this.noted.hidden = false;
  }

  #done(record) {
    const { answer_id, answer, mode, degraded, refused, refusal_reason, standalone_question, reviewed } = record;
    this.data.record = { answer_id, answer, mode, degraded, refused, refusal_reason, standalone_question, reviewed };
    if (refused) {
      this.answer.classList.add("refused", refusal_reason);
      this.said.prepend(el("p", { class: "verdict" }, words.verdicts[refusal_reason] || words.verdicts.no_evidence));
    }
    const understood = standalone_question || "";
    if (this.data.follows && this.data.citations.length && understood.length <= MAX_UNDERSTOOD_CHARS && bare(understood) !== bare(this.data.question)) {
      this.answer.prepend(el("p", { class: "understood" }, words.understood(understood)));
    }
    if (this.headline) {
      this.headline.textContent = refused ? words.nearest : words.grounds;
      if (refused) this.headline.append(el("small", {}, words.hint));
      this.clauses.setAttribute("aria-label", this.headline.textContent);
    }
    if (this.data.citations.length || refused) this.#foot();
    this.#ended("done");
  }

  /** End without an answer: what went wrong in one line, and a way on. `passing` troubles need nobody's alarm. */
  stop(text, state = "failed", passing = false) {
    this.data.trouble = text;
    this.end.replaceChildren(
      el(
        "p", { class: passing ? "trouble passing" : "trouble", role: state === "failed" && !passing ? "alert" : null },
        el("span", {}, text),
        el("button", { type: "button", class: "again", click: () => this.acts.retry(this) }, state === "failed" ? words.retry : words.again),
      ),
    );
    this.#ended(state);
  }

  #ended(state) {
    this.data.state = state;
    this.node.dataset.state = state;
    this.status.remove();
    this.answer.setAttribute("aria-busy", "false");
  }

  #foot() {
    const { mode, degraded, refused, answer_id, reviewed } = this.data.record;
    const [name, meaning] = words.modes[reviewed ? "reviewed" : mode] || words.modes.verbatim;
    const foot = el("footer", {}, refused ? el("span", { class: "mode" }) : el("p", { class: "mode" }, el("b", {}, name), el("span", {}, degraded ? `${meaning}（${degraded}）` : meaning)));
    const copied = el("span", { class: "aside", role: "status" });
    const button = el("button", { type: "button", class: "act", title: words.copy, "aria-label": words.copy }, icon("copy"), el("span", {}, words.copyAnswer));
    button.addEventListener("click", async () => {
      const text = (await copy(this.plain())) ? words.copied : words.uncopied;
      copied.textContent = button.lastChild.textContent = text;
      setTimeout(() => {
        button.lastChild.textContent = words.copyAnswer;
        copied.textContent = "";
      }, 1600);
    });
    const [thumbs, ...below] = answer_id ? this.#thumbs() : [null];
    foot.append(el("div", { class: "acts" }, button, thumbs, copied));
    this.end.append(foot, ...below);
  }

  /** The two buttons, and what opens below them. */
  #thumbs() {
    const told = el("p", { class: "told", role: "status" });
    const up = el("button", { type: "button", class: "act", title: words.up, "aria-label": words.up, "aria-pressed": "false" }, icon("up"));
    const down = el("button", { type: "button", class: "act", title: words.down, "aria-label": words.down, "aria-pressed": "false" }, icon("down"));
    const press = (rating) => {
      up.setAttribute("aria-pressed", String(rating === "up"));
      down.setAttribute("aria-pressed", String(rating === "down"));
    };
    const send = async (rating, reason = "", comment = "") => {
      press(rating);
      try {
        await this.acts.rate(this, rating, reason, comment);
        this.data.rating = rating;
        told.textContent = words.thanks;
      } catch {
        press(this.data.rating);
        told.textContent = words.unrated;
      }
    };
    const why = this.#why(send, down);
    up.addEventListener("click", () => {
      why.hidden = true;
      send("up");
    });
    down.addEventListener("click", () => {
      why.hidden = !why.hidden;
      if (why.hidden) return;
      told.textContent = "";
      press("down");
      show(why);
      why.querySelector("input").focus({ preventScroll: true });
    });
    press(this.data.rating);
    return [el("span", { class: "thumbs" }, up, down), why, told];
  }

  #why(send, down) {
    const name = `${this.data.id}-why`;
    const reasons = Object.entries(words.reasons).map(([value, text], i) =>
      el("label", {}, el("input", { type: "radio", name, value, checked: i === 0 }), el("span", {}, text)),
    );
    const comment = el("input", { type: "text", class: "comment", maxlength: "1000", placeholder: words.comment, "aria-label": words.comment });
    const form = el(
      "form", { class: "why", hidden: true },
      el("fieldset", {}, el("legend", {}, words.why), el("div", { class: "reasons" }, reasons)),
      el("div", { class: "row" }, comment, el("button", { type: "submit", class: "again" }, words.submit)),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      form.hidden = true;
      down.focus({ preventScroll: true });
      send("down", form.querySelector("input:checked").value, comment.value.trim());
    });
    return form;
  }

  /** What copying takes along: answer, sources, notices, as plain text. */
  plain() {
    const { sentences, citations, notices } = this.data;
    const lines = sentences.map((s) => s.text + s.citations.map((n) => `[${n}]`).join(""));
    if (citations.length) lines.push("", words.sources);
    for (const c of citations) lines.push(`[${c.n}] ${c.address || c.document_title}（${words.statuses[c.status] || words.statuses.unknown}）${c.source_url ? ` ${c.source_url}` : ""}`);
    if (notices.length) lines.push("", `${words.notices}：`, ...notices);
    return lines.join("\n");
  }
}
