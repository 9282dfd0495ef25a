// Without a line nobody loses the sheet by pressing a link: it stays, says so, and lets go once the server answers.
export default async function play({ open, base, shots }) {
  const { page } = await open();
  await page.goto(`${base}/?date=2026-11-23`);
  await page.locator("#board").waitFor();
  const day = () => new URL(page.url()).searchParams.get("date");
  const told = page.locator("[data-toasts] p");
  const said = async () => {
    await told.waitFor();
    const sentence = await told.textContent();
    await told.evaluate((one) => one.remove());
    return sentence;
  };
  const picked = page.locator(".pick input");
  const found = { said: [], days: [] };
  const presses = [
    () => page.locator("[data-go=after]").click(),
    () => page.keyboard.press("ArrowRight"),
    () => pick(),
  ];
  const pick = () => picked.evaluate((one) => {
    one.value = "2026-11-25";
    one.dispatchEvent(new Event("change", { bubbles: true }));
  });

  await page.context().setOffline(true);
  for (const press of presses) {
    await press();
    found.said.push(await said());
    found.days.push(day());
  }
  found.cards = await page.locator("#board .card").count();
  found.dimmed = await page.locator("body.leaving").count();
  found.picked = await picked.inputValue();
  await page.screenshot({ path: `${shots}/out-of-reach.png` });

  await page.context().setOffline(false);
  await page.locator("[data-go=after]").click();
  await page.waitForURL(/date=2026-11-24/);
  found.after = day();

  // A browser that is mistaken about its line holds nobody up: the server is asked.
  await page.waitForLoadState("load");
  await page.evaluate(() => Object.defineProperty(navigator, "onLine", { get: () => false }));
  await pick();
  await page.waitForURL(/date=2026-11-25/);
  found.chosen = day();
  return found;
}
