// Talking to the server. Every trouble becomes one Chinese line and says whether trying again makes sense.

export class Trouble extends Error {
  constructor(line, { again = false, signIn = false, conflict = false } = {}) {
    super(line);
    this.again = again;
    this.signIn = signIn;
    this.conflict = conflict;
  }
}

const LOST = "连不上服务器，恢复后自动重试。";
const ROOT = "/api/library";
let token = "";

function problem(status, body) {
  if (status === 401) return new Trouble("登录已过期，请重新登录。", { signIn: true });
  return new Trouble((body && body.detail) || "服务出错，请稍后再试。", { again: status >= 500, conflict: status === 409 });
}

async function call(path, options = {}) {
  let response;
  try {
    response = await fetch(ROOT + path, { credentials: "same-origin", cache: "no-store", ...options });
  } catch {
    throw new Trouble(LOST, { again: true });
  }
  const body = await response.json().catch(() => null);
  if (!response.ok) throw problem(response.status, body);
  return body;
}

/** Who is signed in and what may be handed in; remembers the session's token. */
export async function begin() {
  const start = await call("/start");
  token = start.csrf;
  return start;
}

export const get = (path) => call(path);

export const post = (path, body = {}) =>
  call(path, {
    method: "POST", headers: { "Content-Type": "application/json", "X-CSRF-Token": token }, body: JSON.stringify(body),
  });

export const remove = (path) =>
  call(path, { method: "DELETE", headers: { "Content-Type": "application/json", "X-CSRF-Token": token }, body: "{}" });

/** Send one file; `told` is called with the share that has been sent, 0..1. Resolves to the items it became. */
export function upload(file, told) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `${ROOT}/files`);
    request.setRequestHeader("X-CSRF-Token", token);
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => event.lengthComputable && told(event.loaded / event.total));
    request.addEventListener("load", () =>
      request.status < 300 ? resolve(request.response) : reject(problem(request.status, request.response)));
    request.addEventListener("error", () => reject(new Trouble("没有传完，连接断了；请再传一次。")));
    const form = new FormData();
    form.append("file", file);
    request.send(form);
  });
}
