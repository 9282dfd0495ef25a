// One after the other by keys, an undo right after, and the settled list.
export default async function play({ open, shots, base }) {
  const { page, trouble } = await open();
  await page.goto(`${base}/conflicts`);
  const cards = page.locator(".dispute");
  const found = { before: await cards.count() };
  const becomes = (count) => page.waitForFunction((wanted) => document.querySelectorAll(".dispute").length === wanted, count);
  await page.keyboard.press("j");
  await page.keyboard.press("m");
  await becomes(2);
  found.after_m = await cards.count();
  await page.waitForFunction(() => document.activeElement.matches(".dispute"));
  found.focus_stays = true;
  found.offered = await page.locator("[data-undo-said]").textContent();
  await page.screenshot({ path: `${shots}/conflicts-undo.png` });
  await page.keyboard.press("u");
  await becomes(3);
  found.after_undo = await cards.count();
  await page.keyboard.press("j");
  await page.keyboard.press("t");
  await becomes(2);
  await page.getByRole("checkbox", { name: "Keys" }).uncheck();
  await page.keyboard.press("j");
  await page.keyboard.press("m");
  found.switched_off = await page.evaluate(() => document.activeElement.matches("[data-single-keys]"));
  await page.screenshot({ path: `${shots}/conflicts-keys-off.png` });
  await page.reload();
  found.stays_off = !(await page.getByRole("checkbox", { name: "Keys" }).isChecked());
  found.nothing_settled = await cards.count();
  await page.getByRole("link", { name: "Settled" }).click();
  await page.waitForURL(/state=settled/);
  found.settled = (await page.locator(".dispute .how").allTextContents()).map((text) => text.split(" ·")[0]);
  await page.screenshot({ path: `${shots}/conflicts-settled.png`, fullPage: true });
  return { ...found, trouble };
}
