// A feature of the account is switched off and stays off; what another window switched is not undone.
export default async function play({ open, base, shots }) {
  const { page, trouble } = await open();
  const found = {};
  await page.goto(`${base}/settings`);
  await page.evaluate(async () => {
    const { ask } = await import("/static/api.js");
    await ask("PATCH", "/api/features", { body: { features: { reference_cache: true } } });
  });
  await page.getByLabel("Callers book, move and cancel").uncheck();
  const save = page.getByRole("button", { name: "Save" });
  await save.focus();
  await page.keyboard.press("Enter");
  await page.locator("[data-said]").filter({ hasText: "Saved." }).waitFor();
  await page.waitForFunction(() => document.activeElement.matches("button[type=submit]"));
  const boxes = () => page.locator("[data-form=features] input").evaluateAll((all) => Object.fromEntries(all.map((one) => [one.name, one.checked])));
  found.now = await boxes();
  await page.reload();
  found.reloaded = await boxes();
  await page.screenshot({ path: `${shots}/features.png` });
  const small = await open({ width: 320, height: 640, isMobile: true, hasTouch: true });
  await small.page.goto(`${base}/settings`);
  found.wide = [await small.page.evaluate(() => document.documentElement.scrollWidth)];
  const first = await small.page.locator(".practices a").first().getAttribute("href");
  await small.page.goto(`${base}${first}`);
  found.wide.push(await small.page.evaluate(() => Math.max(document.documentElement.scrollWidth, ...[...document.querySelectorAll(".block *")].filter((one) => !one.closest(".table, .sr") && one.checkVisibility()).map((one) => one.getBoundingClientRect().right))));
  await small.page.screenshot({ path: `${shots}/connection-320.png`, fullPage: true });
  found.trouble = [...trouble, ...small.trouble];
  return found;
}
