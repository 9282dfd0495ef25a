// Everything by keyboard alone: rows, details, an undo, days, filters.
export default async function play({ open, shots }) {
  const { page, trouble } = await open();
  const steps = {};
  const name = () => page.evaluate(() => document.activeElement.textContent.trim());

  await page.keyboard.press("Tab");
  steps.first = await name();
  await page.keyboard.press("j");
  steps.row = await name();
  await page.keyboard.press("j");
  await page.keyboard.press("k");
  await page.keyboard.press("Enter");
  await page.locator("[data-panel-title]").waitFor();
  steps.panel = await page.locator("[data-panel-title]").textContent();
  await page.locator('.details [data-edit="notes"]').focus();
  await page.keyboard.press("Enter");
  await page.keyboard.type("Call the daughter.");
  await page.keyboard.press("Enter");
  await page.locator('.details [data-undo="notes"]').waitFor();
  await page.locator('.details [data-undo="notes"]').focus();
  await page.keyboard.press("Enter");
  await page.locator('.details [data-undo="notes"]').waitFor({ state: "detached" });
  steps.undone = await page.locator('.details [data-edit="notes"] [data-shown]').textContent();
  await page.keyboard.press("Escape");
  steps.back = await name();

  // What the closed panel still hears must not take the focus back from the search.
  await page.keyboard.press("/");
  await page.evaluate(() => document.querySelector("[data-panel]").dispatchEvent(new Event("close")));
  await page.locator('[data-filter="name"]:focus').waitFor();
  await page.keyboard.type("quinn");
  const shown = page.locator("#board .card:visible .who");
  await page.waitForFunction(
    () => document.querySelectorAll("#board .card:not([hidden])").length === 1,
  );
  steps.found = await shown.allTextContents();
  await page.keyboard.press("Tab");
  await page.keyboard.press("ArrowRight");
  await page.waitForURL("**/?date=*");
  steps.next = new URL(page.url()).search;
  await page.keyboard.press("t");
  await page.waitForURL((url) => url.search === "");

  // Who speaks to the machine switches single letters off; arrows go on, and so it stays here.
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keys" }).getByRole("checkbox").uncheck();
  await page.screenshot({ path: `${shots}/run-sheet-keys.png` });
  await page.keyboard.press("Escape");
  await page.reload();
  await page.locator("body").focus();
  await page.keyboard.press("j");
  await page.keyboard.press("?");
  steps.off = await page.evaluate(() => [document.activeElement.tagName, document.querySelectorAll("dialog[open]").length]);
  await page.keyboard.press("ArrowRight");
  await page.waitForURL("**/?date=*");
  await page.getByRole("button", { name: "Keys" }).click();
  await page.getByRole("dialog", { name: "Keys" }).getByRole("checkbox").check();
  await page.keyboard.press("Escape");
  await page.keyboard.press("t");
  await page.waitForURL((url) => url.search === "");
  return { ...steps, trouble };
}
