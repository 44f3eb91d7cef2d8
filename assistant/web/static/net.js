// Everything that goes over the network, and nothing that is shown: the token and its renewal, one question as a
// stream of events, one rating. What goes wrong becomes a Trouble with a kind that the page has words for.

const SILENCE_MS = 45000; // the server sends a sign of life every 10 s; after this the line is dead
const MAX_WAIT_S = 120;

/** kind: offline | busy | limited | closed | ended | refused | failed. */
export class Trouble extends Error {
  constructor(kind, { text = "", wait = 0 } = {}) {
    super(kind);
    this.kind = kind;
    /** A line of the server's own, "" when it has none. */
    this.text = text;
    /** Seconds after which to try again; 0 when it did not say. */
    this.wait = Math.min(Math.max(Math.ceil(Number(wait)) || 0, 0), MAX_WAIT_S);
  }
}

function troubleOf(status, body, wait) {
  const text = body && typeof body.detail === "string" ? body.detail : "";
  const kinds = { 401: "ended", 403: "closed", 404: "closed", 413: "refused", 422: "refused", 429: "limited", 503: "busy" };
  if (!status) return new Trouble(navigator.onLine ? "failed" : "offline");
  return new Trouble(kinds[status] || "failed", { text, wait });
}

/**
 * @param {Function} exchange ({conversation, visitor}) → Promise of {status, body, wait}
 * @param {{conversation?: string, visitor?: string}} known ids of earlier visits, changed in place
 */
export function createNet(exchange, known) {
  let token = "";
  let coming = null;
  let renewal = 0;

  function take(body) {
    token = body.token;
    known.conversation = body.conversation;
    known.visitor = body.visitor;
    clearTimeout(renewal);
    renewal = setTimeout(() => renew({}).catch(() => (token = "")), (Number(body.renew_in) || 1440) * 1000);
    return body.site || {};
  }

  async function post(path, body, signal) {
    const headers = { "Content-Type": "application/json" };
    if (token) headers.Authorization = `Bearer ${token}`;
    try {
      return await fetch(path, { method: "POST", headers, body: JSON.stringify(body), signal, credentials: "omit" });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw troubleOf(0);
    }
  }

  async function read(response) {
    const body = await response.json().catch(() => null);
    if (response.ok && body) return body;
    throw troubleOf(response.status, body, response.headers.get("Retry-After"));
  }

  async function renew(body) {
    return take(await read(await post("api/token", body)));
  }

  /** A token when there is none; facts about the site. Calls at the same time share one exchange. */
  function connect() {
    coming = coming || exchange(known).then(({ status, body, wait }) => {
      if (status !== 200 || !body || typeof body.token !== "string") throw troubleOf(status, body, wait);
      return take(body);
    }).finally(() => (coming = null));
    return coming;
  }

  /** A call with a token; one that has ended is replaced once. */
  async function call(path, body, signal) {
    if (!token) await connect();
    const response = await post(path, body, signal);
    if (response.status !== 401) return response;
    token = "";
    await connect();
    return post(path, body, signal);
  }

  /** Ask, {history, region, mode}; `heard(kind, data)` for each event, in order. Resolves when the answer is whole. */
  async function ask(question, how, heard, signal) {
    const response = await call("api/chat", { question, ...how }, signal);
    if (!response.ok) await read(response);
    for await (const { kind, data } of events(response.body, signal)) {
      if (kind === "error") throw new Trouble(data.code === "busy" ? "busy" : "failed", { text: data.message });
      heard(kind, data);
      if (kind === "done") return;
    }
    throw troubleOf(0);
  }

  /** Rate an answer. */
  async function rate(answer_id, rating, reason, comment) {
    const { kept } = await read(await call("api/feedback", { answer_id, rating, reason, comment }));
    if (!kept) throw new Error("not kept");
  }

  /** A conversation of its own from now on; without a token the next one will be. */
  async function startOver() {
    delete known.conversation;
    if (token) await renew({ conversation: "new" }).catch(() => (token = ""));
  }

  return { connect, ask, rate, startOver };
}

async function* events(stream, signal) {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let buffered = "";
  try {
    for (;;) {
      const { done, value } = await spoken(reader, signal);
      if (done) return;
      buffered += decoder.decode(value, { stream: true }).replaceAll("\r\n", "\n");
      const blocks = buffered.split("\n\n");
      buffered = blocks.pop();
      yield* blocks.map(parse).filter(Boolean);
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

async function spoken(reader, signal) {
  let late = 0;
  const silence = new Promise((_, reject) => {
    late = setTimeout(() => reject(troubleOf(0)), SILENCE_MS);
  });
  try {
    return await Promise.race([reader.read(), silence]);
  } catch (error) {
    if (signal.aborted || error instanceof Trouble) throw error;
    throw troubleOf(0);
  } finally {
    clearTimeout(late);
  }
}

function parse(block) {
  let kind = "";
  const data = [];
  for (const line of block.split("\n")) {
    if (line.startsWith("event:")) kind = line.slice(6).trim();
    else if (line.startsWith("data:")) data.push(line.slice(5).trim());
  }
  try {
    return kind && data.length ? { kind, data: JSON.parse(data.join("\n")) } : null;
  } catch {
    return null;
  }
}
