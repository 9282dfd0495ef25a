// The syncs: a preview is made, read, approved and taken back; a range of days is read.
const PHONE = { width: 390, height: 844, isMobile: true, hasTouch: true };

export default async function play({ open, shots, base, told }) {
  const { page, trouble } = await open();
  const found = {};
  const shot = (where, name) => where.screenshot({ path: `${shots}/sync-${name}.png`, fullPage: true });
  const panel = page.locator("[data-panel]");

  await page.goto(`${base}/sync`);
  found.title = await page.locator("h1").textContent();
  await page.locator(".run").first().waitFor();
  found.first = await page.locator(".run .what").first().textContent();
  found.badge = (await page.locator(".board-card .state").textContent()).trim();

  found.timeline = await page.locator(".timeline figcaption").innerText();
  await page.getByRole("button", { name: "Test", exact: true }).click();
  await page.locator("[data-toasts] p").first().waitFor({ timeout: 45_000 });
  found.tested = await page.locator("[data-toasts] p").first().textContent();

  const preview = page.locator("details.asking", { hasText: "Preview" });
  await preview.locator("summary").click();
  await preview.getByLabel("From").fill(told.later);
  await preview.getByRole("button", { name: "Preview", exact: true }).click();
  const error = preview.locator("[data-error]");
  await error.filter({ hasText: /\S/ }).waitFor();
  found.refused = await error.textContent();
  await shot(page, "asking");
  await preview.getByLabel("From").fill(told.today);
  await preview.getByRole("button", { name: "Preview", exact: true }).click();
  await panel.locator(".lines").first().waitFor({ timeout: 60_000 });
  found.preview = await panel.locator("h2").textContent();
  found.groups = await panel.locator(".lines h3").allTextContents();
  found.changed = await panel.locator(".fromto").first().innerText();
  found.warned = await panel.locator(".callout").first().textContent();
  await shot(page, "preview");
  await page.evaluate(() => document.querySelector("[data-panel]").scrollTo(0, 1e6));
  await shot(page, "preview-end");

  await panel.getByRole("button", { name: "Approve & apply" }).click();
  await panel.locator("h2", { hasText: "Approved" }).waitFor({ timeout: 60_000 });
  found.compared = await panel.getByText(/^Done /).textContent();
  await shot(page, "approved");

  await panel.getByRole("button", { name: "Undo this run" }).click();
  await page.getByRole("button", { name: "Undo", exact: true }).click();
  await panel.locator(".outcome", { hasText: "undone" }).waitFor();
  found.undone = await page.locator("[data-toasts] p").last().textContent();
  await panel.getByRole("button", { name: "Close" }).click();
  found.rows = await page.locator(".run .outcome").allTextContents();

  const range = page.locator("details.asking", { hasText: "Read a range" });
  await range.locator("summary").click();
  await range.getByLabel("From").fill(told.before);
  await range.getByLabel("To").fill(told.yesterday);
  await range.getByRole("button", { name: "Read it" }).click();
  const last = page.getByText(/^Last range:/);
  await last.waitFor({ timeout: 60_000 });
  found.range = await last.textContent();
  await shot(page, "wide-light");
  await page.evaluate(() => { document.documentElement.dataset.theme = "dark"; });
  await shot(page, "wide-dark");

  const { page: phone, trouble: more } = await open({ viewport: { width: PHONE.width, height: PHONE.height }, ...PHONE });
  await phone.goto(`${base}/sync`);
  await phone.locator(".run").first().waitFor();
  found.width = await phone.evaluate(() => document.documentElement.scrollWidth);
  await shot(phone, "phone-light");
  await phone.locator(".run", { hasText: "Preview" }).first().click();
  await phone.locator("[data-panel] .lines").first().waitFor();
  found.panelWidth = await phone.evaluate(() => document.documentElement.scrollWidth);
  await phone.evaluate(() => { document.documentElement.dataset.theme = "dark"; });
  await phone.evaluate(() => Promise.all(document.getAnimations().map((one) => one.finished)));
  await phone.screenshot({ path: `${shots}/sync-phone-dark.png` });

  await preview.locator("summary").click();
  await preview.getByLabel("From").fill(told.today);
  await preview.getByRole("button", { name: "Preview", exact: true }).click();
  await panel.getByRole("button", { name: "Approve & apply" }).waitFor({ timeout: 60_000 });
  const newest = page.locator(".run", { hasText: "Preview" }).first().locator(".outcome");
  found.decided = [await newest.textContent()];
  await phone.locator("[data-panel] [data-close]").click();
  await phone.locator("[data-now]").click();
  await newest.filter({ hasText: "out of date" }).waitFor({ timeout: 60_000 });
  await panel.getByRole("button", { name: "Approve & apply" }).click();
  await panel.locator(".outcome", { hasText: "out of date" }).waitFor();
  found.decided.push(await panel.locator(".run-actions").innerText());
  await panel.getByRole("button", { name: "Close" }).click();
  await page.locator("[data-stop]").click();
  await page.locator("[data-sure-yes]").click();
  await page.locator("[data-go-on]").waitFor();
  found.paused = (await page.locator(".board-card .state").first().textContent()).trim();
  await page.goto(`${base}/sync?span=week`);
  await shot(page, "week");
  return { ...found, trouble: [...trouble, ...more].filter((one) => !/status of (409|422) /.test(one)) };
}
