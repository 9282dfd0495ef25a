// What a desk does not see: rows that are filtered out, on paper and on the next day, and that today is over.
export default async function play({ open, shots }) {
  const { page, trouble } = await open();
  const found = {};
  const control = (name) => page.locator(`[data-filter="${name}"]`);
  const printed = async () => {
    await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
    return page.locator("[data-printed]").textContent();
  };
  const over = page.locator("[data-day-over]");
  const isHere = () => page.locator('[data-go="today"]').getAttribute("aria-current");

  // What was typed in a visit of another day, which no longer stands, is a press away.
  const details = page.locator(".details");
  await page.locator('.card:has-text("Ivy Nobody") .who').click();
  found.again = await details.locator(".flag", { hasText: "no longer stands" }).locator("span").innerText();
  await details.getByRole("button", { name: "Look at it" }).click();
  await details.filter({ hasText: "Jun Unreal" }).waitFor();
  found.looked = [await details.locator("[data-panel-title]").innerText(), await details.locator('[data-edit="notes"] [data-shown]').innerText()];
  found.day = await details.innerText();
  await page.screenshot({ path: `${shots}/booked-again.png` });
  await page.keyboard.press("Escape");
  found.returned = await page.evaluate(() => document.activeElement.textContent.trim());

  found.whole = await printed();
  await control("name").fill("grace invented");
  found.paper = await printed();

  await page.locator('[data-filter="off"]').check({ force: true });
  await control("clinician").selectOption({ label: "Dr Priya Nair" });
  await page.reload();
  await page.waitForLoadState("load");
  const chosen = control("clinician").locator("option:checked");
  found.kept = [await control("off").isChecked(), await chosen.textContent(), await control("name").inputValue()];

  found.today = [await over.isVisible(), await isHere()];
  await page.route("**/sheet?date=*", async (route) => {
    const text = await (await route.fetch()).text();
    await route.fulfill({ contentType: "text/html", body: text.replace('data-today="2026-11-23"', 'data-today="2026-11-24"') });
  });
  await page.evaluate(async () => (await import("/static/day.js")).renew());
  found.over = [await over.isVisible(), await isHere(), (await over.innerText()).trim()];
  await page.unrouteAll({ behavior: "ignoreErrors" });
  return { ...found, trouble };
}
