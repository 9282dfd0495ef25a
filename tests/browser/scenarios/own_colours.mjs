// Somebody whose system has colours of its own, takes ours away, and wants nothing to move.
export default async function play({ open, base, shots }) {
  const { page } = await open({ forcedColors: "active", reducedMotion: "reduce" });
  const look = (selector, property, pseudo) => page.locator(selector).first().evaluate((one, [name, part]) => getComputedStyle(one, part)[name], [property, pseudo]);
  const found = {};
  await page.goto(`${base}/settings`);
  const ways = { on: ".toggle input:checked", off: ".toggle input:not(:checked)" };
  for (const [way, selector] of Object.entries(ways)) {
    found[way] = [await look(selector, "backgroundColor"), await look(selector, "backgroundColor", "::after")];
  }
  found.moving = await look(ways.on, "transitionDuration", "::after");
  found.here = await look(".top nav [aria-current]", "textDecorationLine");
  found.elsewhere = await look(".top nav a:not([aria-current])", "textDecorationLine");
  await page.screenshot({ path: `${shots}/own-colours-settings.png` });

  await page.goto(`${base}/queues`);
  found.tab = await look(".tabs [aria-current]", "borderBottomColor");
  found.tabs = await look(".tabs a:not([aria-current])", "borderBottomColor");
  found.page = await look("body", "backgroundColor");
  await page.screenshot({ path: `${shots}/own-colours-queues.png` });
  return found;
}
