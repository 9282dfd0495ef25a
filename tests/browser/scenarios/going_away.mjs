// Whoever goes to another day right from a field that is being saved takes nothing away with them.
export default async function play({ open }) {
  const { page, trouble } = await open();
  const found = {};
  const day = () => new URL(page.url()).searchParams.get("date");
  const after = page.locator("[data-go=after]");
  const input = page.locator("[data-editor] input, [data-editor] textarea").first();
  const error = page.locator("[data-editor-error]");
  const field = (name, patient) => page.locator(".card", { has: page.getByText(patient, { exact: true }) }).locator(`[data-edit=${name}]`);
  // A slow line: what is sent is still on its way when the link is pressed.
  await page.route("**/api/run-sheet/appointments/*", (asked) => setTimeout(() => asked.continue().catch(() => {}), 700));
  const saved = () => page.waitForResponse((one) => one.request().method() === "PATCH" && one.ok());

  await page.goto(`${page.url().split("?")[0]}?date=2026-11-23`);
  await field("start", "Carla Testwell").click();
  await input.fill("09:10");
  await Promise.all([saved(), after.click()]);
  await page.waitForURL(/date=2026-11-24/);
  await page.goBack();
  await page.locator("#board").waitFor();
  found.saved = await field("start", "Carla Testwell").getAttribute("data-value");

  await field("start", "Carla Testwell").click();
  await input.fill("25:99");
  await after.click();
  found.refused = await error.textContent();
  found.stayed = day();
  found.typed = await input.inputValue();
  await page.keyboard.press("Escape");
  await after.click();
  await page.waitForURL(/date=2026-11-24/);
  await page.goBack();

  // The answer is lost on its way: nobody says that nothing was done.
  await page.locator("#board").waitFor();
  const last = "**/api/run-sheet/appointments/*";
  await page.route(last, async (asked) => {
    await asked.fetch();
    await asked.abort();
  });
  await field("start", "Carla Testwell").click();
  await input.fill("09:15");
  await page.keyboard.press("Enter");
  await error.filter({ hasText: /\S/ }).waitFor();
  found.unanswered = await error.textContent();
  await page.unroute(last);
  await page.keyboard.press("Escape");
  await page.locator('.card:has-text("Carla Testwell") [data-edit="start"][data-value="09:15"]').waitFor();

  // Somebody else has changed the row since.
  await field("start", "Carla Testwell").click();
  await input.fill("09:25");
  await page.evaluate(async () => {
    const { entry, version } = [...document.querySelectorAll(".card")].find((one) => one.textContent.includes("Carla Testwell")).dataset;
    const { exchange } = await import("/static/api.js");
    await exchange("PATCH", `/api/run-sheet/appointments/${entry}`, { body: { start: "09:20" }, version });
  });
  await after.click();
  await error.filter({ hasText: /Enter saves what you typed/ }).waitFor();
  found.overtaken = [day(), await input.inputValue()];

  // The session has ended by now: nobody is kept, and nothing of the row is said any more.
  await page.context().clearCookies();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Signed out" }).waitFor();
  found.told = await page.locator("main .error").innerText();
  found.cleared = (await page.locator("body").innerText()).includes("Carla");
  await page.getByRole("link", { name: "Sign in" }).click();
  await page.waitForURL(/\/login/);
  return { ...found, trouble: trouble.filter((line) => !/status of 4\d\d|ERR_FAILED/.test(line)) };
}
