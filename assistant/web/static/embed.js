// The conversation page. Wires the parts together: what the page around says, what the network brings, what is shown.

import { createBridge } from "./bridge.js";
import { ANYWHERE, manners, name, offer, regions } from "./choices.js";
import { paint } from "./colour.js";
import { byId, show } from "./dom.js";
import { keeper } from "./keep.js";
import { createNet, Trouble } from "./net.js";
import { Turn } from "./turn.js";
import { speak, words } from "./words.js";

const MAX_CHARS = 20000;
const FOLLOWS = 6; // earlier exchanges that a follow-up may refer to
const TRIES = 3; // how often a full server is asked again before the visitor has to say so
const BUSY_S = 5;

const root = document.documentElement;
const { site, origins } = root.dataset;
const touch = matchMedia("(pointer: coarse)");
const kept = keeper(site);
const ids = {};
const turns = [];
let options = {};
let facts = {};
let running = null; // {turn, abort}
let waiting = null; // a question that the network or a full server holds up
let asked = 0;

const bridge = createBridge(origins.split(" "), {
  init: start,
  context: (changed) => dress({ ...options, ...changed }),
  ask: (question) => ask(question),
  opened(focus, full) {
    byId("widen").hidden = full;
    if (focus) focusBox();
  },
});
const net = createNet((known) => (bridge.framed ? bridge.token(known) : tokenHere(known)), ids);

/** Opened by itself and not in a frame: the exchange is made from here. */
async function tokenHere({ conversation, visitor }) {
  try {
    const body = JSON.stringify({ site, conversation, visitor });
    const response = await fetch("api/token", { method: "POST", headers: { "Content-Type": "application/json" }, body });
    return { status: response.status, body: await response.json(), wait: response.headers.get("Retry-After") };
  } catch {
    return { status: 0, body: null };
  }
}

// ---- how it looks and what it is called

function dress(chosen) {
  options = chosen;
  root.lang = speak(options.language);
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = ["light", "dark"].includes(options.theme) ? options.theme : dark ? "dark" : "light";
  paint(options.color, root.dataset.theme);
  document.title = options.title || words.title;
  const texts = {
    title: options.title || words.title, promise: words.promise, greeting: options.greeting || words.greeting, how: words.how,
    caution: words.caution, "box-label": words.box, "region-label": words.region,
  };
  for (const [id, text] of Object.entries(texts)) byId(id).textContent = text;
  byId("how").hidden = Boolean(options.greeting);
  byId("box").placeholder = words.placeholder;
  byId("tools").setAttribute("aria-label", words.title);
  for (const id of ["fresh", "print", "widen", "close"]) name(byId(id), words[id]);
  byId("close").hidden = !bridge.framed;
  byId("tools").hidden = false;
  offer(options.questions || facts.examples || [], ask);
  regions([...(facts.regions || []), options.region], options.region || facts.region);
  manners(facts.model);
  button();
}

function button() {
  const send = byId("send");
  name(send, running ? words.stop : words.send);
  send.classList.toggle("stop", Boolean(running));
  send.firstElementChild.firstElementChild.setAttribute("href", running ? "#i-stop" : "#i-send");
}

function line(text, kind = "") {
  byId("line").textContent = text;
  byId("line").className = kind;
}

function arrange() {
  byId("welcome").hidden = turns.length > 0;
  for (const id of ["fresh", "print"]) byId(id).hidden = !turns.length;
}

function focusBox() {
  // On a phone the keyboard would cover what is to be read first.
  if (!touch.matches) byId("box").focus({ preventScroll: true });
}

// ---- asking

function place(turn) {
  turns.push(turn);
  byId("turns").append(turn.node);
  arrange();
}

const acts = {
  retry(turn) {
    if (running) return;
    turns.splice(turns.indexOf(turn), 1);
    turn.node.remove();
    ask(turn.data.question);
  },
  async rate(turn, rating, reason, comment) {
    await net.rate(turn.data.record.answer_id, rating, reason, comment);
    bridge.send("event", { name: "feedback", detail: { rating } });
    setTimeout(save);
  },
};

function save() {
  kept.save(turns.map((turn) => turn.data), ids);
}

function history() {
  const done = turns.filter((turn) => turn.data.record && turn.data.record.answer).slice(-FOLLOWS);
  return done.flatMap(({ data }) => [
    { role: "user", content: data.question.slice(0, MAX_CHARS) },
    { role: "assistant", content: data.record.answer.slice(0, MAX_CHARS) },
  ]);
}

async function ask(text, tries = 1) {
  const question = text.trim();
  if (running) return;
  if (!question) return line(words.empty, "warn");
  if (question.length > MAX_CHARS) return line(words.long, "warn");
  line("");
  hold(null);
  const before = history();
  const turn = new Turn({ id: `t${++asked}`, question, follows: before.length > 0 }, acts);
  const abort = new AbortController();
  place(turn);
  show(turn.node, "start");
  running = { turn, abort };
  button();
  bridge.send("event", { name: "question", detail: {} });
  byId("spoken").textContent = words.searching;
  save();
  try {
    const how = { history: before, region: byId("region").value || ANYWHERE, mode: byId("style").value };
    await net.ask(question, how, (kind, data) => turn.hear(kind, data), abort.signal);
    const { answer_id, refused, refusal_reason, mode } = turn.data.record;
    const detail = { answer_id, refused, reason: refusal_reason, mode, citations: turn.data.citations.length };
    bridge.send("event", { name: "answer", detail });
    byId("spoken").textContent = words.answered;
  } catch (error) {
    running = null;
    if (error.name === "AbortError") turn.stop(words.stopped, "stopped");
    else fail(turn, error instanceof Trouble ? error : new Trouble("failed"), tries);
  }
  running = null;
  button();
  save();
}

function fail(turn, trouble, tries) {
  const { kind, wait } = trouble;
  let text = trouble.text || words[kind] || words.failed;
  if (kind === "offline") {
    text = words.unsent;
    hold({ turn, when: "online" });
  } else if (kind === "busy" && tries < TRIES) {
    const seconds = wait || BUSY_S;
    text = words.busy(seconds);
    hold({ turn, tries: tries + 1, timer: setTimeout(again, seconds * 1000) });
  } else if (kind === "busy") text = words.crowded;
  else if (kind === "limited") text = words.limited(wait || BUSY_S);
  else if (kind === "closed") text = words.closed;
  else if (turn.data.sentences.length) text = words.broken;
  turn.stop(text, "failed", ["offline", "busy", "limited"].includes(kind));
  bridge.send("event", { name: "error", detail: { reason: kind } });
}

/** Remember what to ask again by itself; a new question or a click takes its place. */
function hold(next) {
  if (waiting) clearTimeout(waiting.timer);
  waiting = next;
}

function again() {
  const { turn, tries = 1 } = waiting;
  hold(null);
  if (running || !turns.includes(turn)) return;
  turns.splice(turns.indexOf(turn), 1);
  turn.node.remove();
  ask(turn.data.question, tries);
}

async function startOver() {
  if (running) running.abort.abort();
  hold(null);
  turns.splice(0);
  byId("turns").replaceChildren();
  line("");
  byId("spoken").textContent = "";
  arrange();
  focusBox();
  save();
  await net.startOver();
  save();
}

// ---- the visitor's hands

const box = byId("box");
function grow() {
  box.style.height = "auto";
  box.style.height = `${Math.min(box.scrollHeight, 132)}px`;
}
box.addEventListener("input", () => {
  grow();
  line("");
});
box.addEventListener("keydown", (event) => {
  // Enter that ends a Chinese input method's word is not meant for us.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  event.preventDefault();
  if (!running) byId("form").requestSubmit();
});
byId("form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (running) return running.abort.abort();
  const text = box.value;
  if (text.trim()) {
    box.value = "";
    grow();
  }
  ask(text);
});
byId("fresh").addEventListener("click", startOver);
byId("close").addEventListener("click", () => bridge.send("close"));
byId("print").addEventListener("click", () => print());
byId("widen").addEventListener("click", () => {
  const wide = byId("widen").getAttribute("aria-pressed") !== "true";
  byId("widen").setAttribute("aria-pressed", String(wide));
  name(byId("widen"), wide ? words.narrow : words.widen);
  bridge.send("widen", { wide });
});
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.isComposing) bridge.send("close");
});
addEventListener("beforeprint", () => {
  byId("colophon").textContent = words.colophon(new Date().toLocaleDateString(root.lang));
});
addEventListener("offline", () => line(words.offline, "warn"));
addEventListener("online", () => {
  line(words.online);
  if (waiting && waiting.when === "online") again();
  else if (!facts.key) greet();
});
// The newest question stands at the top even when its answer is short.
new ResizeObserver(() => root.style.setProperty("--tall", `${byId("talk").clientHeight}px`)).observe(byId("talk"));

// ---- beginning

let begun = false;
function start(chosen, full) {
  dress(chosen);
  byId("widen").hidden = full || !bridge.framed;
  if (begun) return;
  begun = true;
  const found = kept.load();
  if (found) {
    Object.assign(ids, found.ids);
    for (const data of found.turns) place(Turn.restore({ ...data, id: `t${++asked}` }, acts));
    const last = byId("turns").lastElementChild;
    if (last) last.scrollIntoView({ block: "start" });
  }
  arrange();
  if (!bridge.framed) focusBox();
  greet();
}

/** Facts about the site, with the first token. */
async function greet() {
  try {
    facts = await net.connect();
    dress(options);
    save();
  } catch (trouble) {
    line(trouble.kind === "offline" ? words.offline : trouble.kind === "closed" ? words.closed : trouble.text || words.failed, "warn");
  }
}

if (bridge.framed) bridge.send("hello");
else start({}, true);
