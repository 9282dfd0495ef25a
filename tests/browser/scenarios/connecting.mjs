// A practice is connected by hand, through all five steps, with a wrong code first.
import { go } from "../going.mjs";

const PHONE = { width: 390, height: 844, isMobile: true, hasTouch: true };

export default async function play({ open, shots, base, told }) {
  const { page, trouble } = await open();
  const found = {};
  const shot = (name) => page.screenshot({ path: `${shots}/wizard-${name}.png`, fullPage: true });

  await page.goto(`${base}/connections`);
  found.empty = await page.locator(".empty h2").textContent();
  await shot("0-empty");
  await go(page.getByRole("link", { name: "Connect a practice" }));
  await page.locator("a.choice").first().waitFor();
  found.offered = await page.locator("a.choice .choice-title").allTextContents();
  found.soon = await page.locator(".choice.soon .choice-title").allTextContents();
  const inCard = (within) => page.locator(".choice").evaluateAll((all, part) => all.map((one) => Math.round(one.querySelector(part).getBoundingClientRect().left - one.getBoundingClientRect().left)), within);
  found.titles_at = [...new Set(await inCard(".choice-title"))];
  await go(page.getByRole("link", { name: /Gentu/ }));

  await page.getByLabel("Pairing code", { exact: true }).fill("nocode-98");
  await page.getByLabel("Client id of your Gentu application").fill(told.client_id);
  await page.getByLabel("Client secret of your Gentu application").fill("not the secret");
  await page.getByLabel("Application id, needed to use a pairing code").fill(told.app_id);
  await page.getByText("More choices").click();
  await page.getByLabel("What you call it").fill("Corner Clinic");
  await page.keyboard.press("Enter");
  const error = page.locator("[data-connect] [data-error]");
  await error.filter({ hasText: /credentials/ }).waitFor({ timeout: 45_000 });
  found.wrong = await error.textContent();
  found.id_kept = await page.locator("#secret-client_id, #secrets-client_id").inputValue();
  found.anew = await page.locator("#secret-client_secret").getAttribute("placeholder");
  await page.getByLabel("What you call it").fill("Corner House");
  await page.getByLabel("Pairing code", { exact: true }).fill("nocode99");
  await page.keyboard.press("Enter");
  found.lacking = await error.textContent();
  // What was begun is discarded for other answers, which are refused: it cannot be discarded again.
  await page.getByLabel("What you call it").fill("Corner Clinic");
  await page.getByLabel("Client secret of your Gentu application").fill(told.client_secret);
  await page.getByLabel("Time zone").fill("Melbourne");
  await page.keyboard.press("Enter");
  await error.filter({ hasText: /is not a time zone/ }).waitFor({ timeout: 45_000 });
  await page.getByLabel("Time zone").fill("");
  await page.keyboard.press("Enter");
  await error.filter({ hasText: /spent or unknown/ }).waitFor({ timeout: 45_000 });
  found.refused = await error.textContent();
  found.focused = await page.evaluate(() => document.activeElement.id);
  found.kept = await page.locator("#settings-app_id").inputValue();
  found.secret = await page.locator("#secret-client_secret").inputValue();
  found.step = await page.locator(".steps .current .title").textContent();
  await shot("2-refused");
  await page.reload();
  found.reloaded = [await page.getByLabel("What you call it").inputValue(), await page.locator("#settings-app_id").inputValue()];

  await page.getByLabel("Pairing code", { exact: true }).fill(told.code);
  await go(page.getByRole("button", { name: "Connect", exact: true }));
  found.practitioners = await page.locator("[data-practitioner]").count();
  await shot("3-practitioners");

  const first = page.locator("[data-practitioner]").first();
  await first.locator("[data-action]").selectOption("skip");
  await page.locator("[data-practitioner]").nth(1).locator("[data-column]").fill("Dr Renamed Example");
  await page.reload();
  found.draft = [await first.locator("[data-action]").inputValue(), await page.locator("[data-practitioner]").nth(1).locator("[data-column]").inputValue()];
  found.count = await page.locator("[data-mapping] [data-count]").textContent();
  await page.getByLabel("Find a practitioner").fill("zzz");
  found.nobody = await page.locator("[data-none-found]").isVisible();
  await page.getByLabel("Find a practitioner").fill("");
  await go(page.getByRole("button", { name: "Continue" }));

  found.types = await page.locator("[data-type]").count();
  for (const box of await page.locator("[data-telehealth]").all()) await box.uncheck();
  await page.getByRole("button", { name: "Continue" }).click();
  found.nothing = await page.locator("[data-types-form] [data-error]").textContent();
  for (const id of told.telehealth) await page.locator(`[data-type="${id}"] [data-telehealth]`).check();
  await shot("4-types");
  await go(page.getByRole("button", { name: "Continue" }));
  const address = page.url();

  // The browser is closed, and another one goes on where this one was.
  await page.context().close();
  const later = await open();
  await later.page.goto(address.replace(/&step=.*/, ""));
  found.resumed = await later.page.locator(".steps .current .title").textContent();
  found.facts = (await later.page.locator("[data-fact]").allTextContents()).map((one) => one.replace(/\s+/g, " ").trim());
  await later.page.getByRole("button", { name: "Test Connection" }).click();
  const said = later.page.locator("[data-test-said]").filter({ hasText: /\S/ });
  await said.waitFor({ timeout: 45_000 });
  found.tested = await said.textContent();
  await later.page.screenshot({ path: `${shots}/wizard-5-summary.png`, fullPage: true });
  await later.page.getByRole("button", { name: "Save & Start Sync" }).click();
  await later.page.locator("[data-first-done]").waitFor({ timeout: 45_000 });
  found.title = await later.page.locator("[data-first-title]").textContent();
  found.created = Number(await later.page.locator("[data-count-of=created]").textContent());
  await later.page.screenshot({ path: `${shots}/wizard-6-synced.png`, fullPage: true });
  await go(later.page.getByRole("link", { name: "Open the run sheet" }));
  await later.page.locator("#board .card").first().waitFor();
  found.cards = await later.page.locator("#board .card").count();
  found.columns = await later.page.locator("#board .column h2").allTextContents();

  await later.page.goto(`${base}/connections`);
  found.badge = (await later.page.locator(".connection .state").first().textContent()).trim();
  await later.page.screenshot({ path: `${shots}/connections-synced.png`, fullPage: true });
  const phone = await open(PHONE);
  await phone.page.goto(`${base}/connections`);
  found.widths = await phone.page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  found.trouble = [...trouble, ...later.trouble, ...phone.trouble].filter((line) => !line.includes("status of 422 "));
  return found;
}
