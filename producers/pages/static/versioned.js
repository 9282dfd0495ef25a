// Changes to one connection, each on the version last seen, so that nobody's change is lost.
import { exchange } from "./api.js";

const place = document.querySelector("[data-version][data-connection]");

export const id = () => place.dataset.connection;
export const at = (path = "") => `/api/pms/connections/${id()}${path}`;

export async function change(method, path, body) {
  const answer = await exchange(method, at(path), { body, version: place.dataset.version });
  if (!follow(answer)) await refresh();
  return answer.body;
}

// The practice was connected before: that connection goes on in place of the one begun.
export function move(connection) {
  place.dataset.connection = connection;
}

// Asked for without a version: a check, a start.
export async function order(path, body = {}) {
  return (await exchange("POST", at(path), { body })).body;
}

export async function refresh() {
  const answer = await exchange("GET", at());
  follow(answer);
  return answer.body.connection;
}

function follow({ version, body }) {
  const told = version ?? body.connection?.version;
  if (told !== undefined) place.dataset.version = told;
  return told !== undefined;
}
