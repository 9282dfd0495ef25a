// A window whose session has ended shows nobody any more: it is cleared, and says so.
import { isHeld } from "./staying.js";

const ENDED = "Your session has ended: it ran out, or you signed out here or in another window. Nothing is shown here any more.";
const LOST = "What you were typing was not saved: look at it again once you are back.";

const channel = new BroadcastChannel("session");

export function signedOut() {
  const main = document.createElement("main");
  const box = document.createElement("section");
  const title = document.createElement("h1");
  const words = document.createElement("p");
  const link = document.createElement("a");
  box.className = "door";
  title.textContent = "Signed out";
  words.textContent = ENDED;
  link.href = "/login";
  link.className = "button primary";
  link.textContent = "Sign in";
  box.append(title, words, link);
  if (isHeld()) words.after(lost());
  main.append(box);
  document.title = "Signed out";
  document.body.replaceChildren(main);
  title.tabIndex = -1;
  title.focus();
  // Whatever still runs in this page has nothing left to work on.
  dispatchEvent(new Event("signed-out"));
}

function lost() {
  const words = document.createElement("p");
  words.className = "error";
  words.textContent = LOST;
  return words;
}

// Somebody says that the session may have ended: only the server knows.
export async function check() {
  const answer = await fetch("/api/run-sheet/sync", { headers: { Accept: "application/json" } }).catch(() => null);
  if (answer?.status === 401) signedOut();
}

if (document.querySelector('meta[name="csrf"]')) {
  channel.addEventListener("message", check);
  addEventListener("pageshow", (event) => event.persisted && check());
} else {
  channel.postMessage("at the door");
}
