// Nobody gives up a page for one that cannot be had: where the server may be away, it is asked before a link is followed.
import { isLost } from "./standing.js";
import { isHeld, leads } from "./staying.js";
import { say } from "./toast.js";

// Small, and to be had wherever pages are.
const SMALL = "/static/icon.svg";
const PATIENCE = 5000;
const AWAY = "The server cannot be reached, so this page stays as it is; try again in a moment.";

let isLetThrough = false;

async function answers() {
  const asked = fetch(SMALL, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
  return (await asked.catch(() => null))?.ok ?? false;
}

// What is typed is seen to first: whoever sees to it holds the way out by itself.
function mayNotArrive(event) {
  return !event.defaultPrevented && !isLetThrough && !isHeld() && (isLost() || !navigator.onLine);
}

async function hold(event, go) {
  event.preventDefault();
  if (await answers()) {
    go();
    return;
  }
  dispatchEvent(new Event("stayed"));
  say(AWAY);
}

// Last of all: what a page does with its own links and forms comes before.
addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  if (link?.origin !== location.origin || !leads(link, event)) return;
  if (mayNotArrive(event)) hold(event, () => location.assign(link.href));
});
addEventListener("submit", (event) => {
  const { target, submitter } = event;
  if (target.method === "get" && mayNotArrive(event)) hold(event, () => submit(target, submitter));
});

// By the same button: where the form leads may be the button's to say.
function submit(form, button) {
  isLetThrough = true;
  form.requestSubmit(button);
  isLetThrough = false;
}
