// Talking with the page around the frame. Only exact, registered origins are spoken to and listened to; the first
// that answers is the only one from then on. Every message has the shape {wence: 1, type, …}; others are ignored.

const TOKEN_WAIT_MS = 15000;
const MAX_TEXT = 200;
const MAX_QUESTIONS = 6;

const text = (value, most = MAX_TEXT) => (typeof value === "string" ? value.slice(0, most) : "");

/** The options a page may set, cut to what they are for: short texts and a short list of them. */
function readOptions(given) {
  const from = given && typeof given === "object" ? given : {};
  const options = {};
  for (const name of ["title", "color", "region", "greeting", "language", "theme"]) {
    if (typeof from[name] === "string" && from[name]) options[name] = text(from[name]);
  }
  if (Array.isArray(from.questions)) {
    const questions = from.questions.map((q) => text(q)).filter(Boolean).slice(0, MAX_QUESTIONS);
    if (questions.length) options.questions = questions;
  }
  return options;
}

/**
 * @param {string[]} origins exact origins of the site
 * @param {Record<string, Function>} heard what to do with init, context, ask, opened
 * @returns {{framed: boolean, send: Function, token: Function}}
 */
export function createBridge(origins, heard) {
  const framed = window.parent !== window;
  // Where the browser tells who embeds this page, nobody else is spoken to even once.
  const told = location.ancestorOrigins && location.ancestorOrigins[0];
  let speakTo = told ? origins.filter((origin) => origin === told) : origins;
  let tokenCame = null;

  function send(type, detail) {
    if (framed) for (const origin of speakTo) window.parent.postMessage({ wence: 1, type, ...detail }, origin);
  }

  addEventListener("message", (event) => {
    const data = event.data;
    if (!framed || event.source !== window.parent || !speakTo.includes(event.origin)) return;
    if (!data || data.wence !== 1 || typeof data.type !== "string") return;
    speakTo = [event.origin];
    if (data.type === "token") {
      if (tokenCame) tokenCame(data);
    } else if (data.type === "init") heard.init(readOptions(data.options), data.full === true);
    else if (data.type === "context") heard.context(readOptions(data.context));
    else if (data.type === "ask" && text(data.question, 2000).trim()) heard.ask(text(data.question, 2000));
    else if (data.type === "opened") heard.opened(data.focus !== false, data.full === true);
  });

  /** {status, body, wait} of a token exchange made by the page around; status 0 when it could not be made. */
  function token(ids) {
    return new Promise((resolve) => {
      const late = setTimeout(() => resolve({ status: 0, body: null }), TOKEN_WAIT_MS);
      tokenCame = (data) => {
        clearTimeout(late);
        tokenCame = null;
        resolve(data);
      };
      send("token", ids);
    });
  }

  return { framed, send, token };
}
