// Nobody leaves the page with something typed that is not saved: a way out waits for it, and is not taken where it was refused.
const isNear = (link) => link.hash && link.href.split("#")[0] === location.href.split("#")[0];

// Whether the link leads this window to another page.
export function leads(link, event) {
  const isElsewhere = event.ctrlKey || event.metaKey || event.shiftKey || event.button || link.target;
  return /^https?:$/.test(link.protocol) && !isElsewhere && !isNear(link);
}

const holders = [];

// Whether something is typed here that is not saved.
export const isHeld = () => holders.some((isUnsaved) => isUnsaved());

// `settle` answers whether everything is saved, once that is known.
export function guard(isUnsaved, settle) {
  let waits = false;
  holders.push(isUnsaved);

  async function wait(event, go) {
    // Pressed again while an answer does not come: the browser asks whether to leave.
    if (waits) return;
    event.preventDefault();
    waits = true;
    let isSaved = false;
    try {
      isSaved = await settle();
    } finally {
      waits = false;
    }
    if (isSaved) go();
    else dispatchEvent(new Event("stayed"));
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href]");
    if (link && !event.defaultPrevented && leads(link, event) && isUnsaved()) wait(event, () => location.assign(link.href));
  });
  document.addEventListener("submit", (event) => {
    if (!event.defaultPrevented && isUnsaved()) wait(event, () => event.target.submit());
  });
  // Of a window that is closed, and of the browser's own ways back, the browser asks.
  addEventListener("beforeunload", (event) => {
    if (isUnsaved()) event.preventDefault();
  });
}
