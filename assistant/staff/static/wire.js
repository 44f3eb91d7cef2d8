// Talking to the server. Every trouble becomes one Chinese line and says whether trying again makes sense.

export class Trouble extends Error {
  constructor(line, { again = false, signIn = false } = {}) {
    super(line);
    this.again = again;
    this.signIn = signIn;
  }
}

const LOST = "连不上服务器，恢复后自动重试。";
const SIGN_IN = "登录已过期，请重新登录。";
let token = "";

async function call(path, options) {
  let response;
  try {
    response = await fetch(`/api/staff${path}`, { credentials: "same-origin", cache: "no-store", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Trouble(LOST, { again: true });
  }
  if (response.ok) return response;
  const body = await response.json().catch(() => ({}));
  if (response.status === 401) throw new Trouble(SIGN_IN, { signIn: true });
  if (response.status === 403 && token) {
    // Signed in again in another tab: the token of this page is of the session before.
    throw new Trouble("登录状态已变，请刷新页面。", { signIn: true });
  }
  throw new Trouble(body.detail || "服务出错，请稍后再试。", { again: response.status >= 500 });
}

/** Who is signed in and what there is to choose from; remembers the session's token. */
export async function begin() {
  const start = await (await call("/start", {})).json();
  token = start.csrf;
  return start;
}

export async function get(path) {
  return (await call(path, {})).json();
}

function posting(body, signal) {
  return {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": token },
    body: JSON.stringify(body),
    signal,
  };
}

export async function post(path, body, signal) {
  return (await call(path, posting(body, signal))).json();
}

/** A file: fetched, then handed to the browser under the name that the server gives it. */
export async function download(path, body) {
  const response = await call(path, posting(body));
  const named = /filename\*=UTF-8''([^;]+)/.exec(response.headers.get("Content-Disposition") || "");
  const url = URL.createObjectURL(await response.blob());
  const link = Object.assign(document.createElement("a"), { href: url, download: named ? decodeURIComponent(named[1]) : "" });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
  return link.download;
}
