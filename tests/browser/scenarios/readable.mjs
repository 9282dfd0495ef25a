// A practice that can be read, and none that can: the sheet offers a sync as long as one would be done.
const to = (page, deed) => page.evaluate(async (what) => {
  const { ask } = await import("/static/api.js");
  const { connections } = await ask("GET", "/api/pms/connections");
  for (const one of connections) await ask("POST", `/api/pms/connections/${one.id}/${what}`, { body: {} }).catch(() => {});
}, deed);

export default async function play({ open, base }) {
  const { page, trouble } = await open();
  const button = page.locator("[data-sync]");
  const asked = [];
  page.on("request", (one) => one.method() === "POST" && asked.push(new URL(one.url()).pathname));

  await to(page, "pause");
  await button.waitFor({ state: "hidden" });
  await page.goto(`${base}/`);
  await page.locator("[data-filter=name]").fill("Ann");
  await page.locator("main").focus();
  asked.length = 0;
  await page.keyboard.press("s");
  const whileNone = [...asked];
  const before = await button.isVisible();

  await to(page, "resume");
  await button.waitFor({ state: "visible" });
  const typed = await page.locator("[data-filter=name]").inputValue();
  return { before, whileNone, typed, after: (await button.textContent()).trim(), trouble: trouble.filter((one) => !/status of 4/.test(one)) };
}
