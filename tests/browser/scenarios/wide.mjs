// A day of very many columns: the next part, a change that comes live there, a patient elsewhere, and clinicians chosen.
export default async function play({ open, shots, base, told }) {
  const { page, trouble } = await open();
  const columns = () => page.locator("#board .column").count();
  const said = () => page.locator("#columns-shown").textContent();
  const found = { first: [await columns(), await said()] };
  await page.screenshot({ path: `${shots}/wide-day.png` });

  await page.getByRole("link", { name: "Columns after" }).click();
  await page.locator("#columns-before").waitFor();
  await page.waitForLoadState("load");
  found.second = [await columns(), await said()];

  const other = await open();
  await other.page.goto(page.url());
  await other.page.locator(`#e-${told.last} [data-edit="start"]`).click();
  await other.page.locator("[data-editor-input] input").fill("09:10");
  await other.page.keyboard.press("Enter");
  await page.locator(`#e-${told.last} [data-shown]:has-text("09:10")`).first().waitFor();
  found.live = [await columns(), await said()];

  await page.locator('[data-filter="name"]').fill(told.elsewhere);
  await page.locator("[data-look-elsewhere]").click();
  await page.locator("[data-elsewhere-found] .who").first().waitFor();
  found.nobody = await page.locator("[data-nobody]").textContent();
  found.elsewhere = (await page.locator("[data-elsewhere-found] li").first().textContent()).trim();
  await page.locator("[data-elsewhere-found] .who").first().click();
  found.opened = await page.locator("[data-panel-title]").textContent();
  await page.keyboard.press("Escape");

  await page.locator("#choose-columns").click();
  await page.locator("[data-narrow]").fill(told.column);
  found.offered = await page.locator("[data-choices] li:visible").count();
  await page.locator("[data-choices] li:visible input").first().check();
  await page.screenshot({ path: `${shots}/wide-choosing.png` });
  await page.getByRole("dialog").getByRole("button", { name: "Show" }).click();
  await page.locator("#columns-all").waitFor();
  await page.waitForLoadState("load");
  found.chosen = [await columns(), await said()];

  await page.goto(`${base}/`);
  await page.locator("#columns-all").waitFor();
  await page.waitForLoadState("load");
  found.remembered = await columns();

  const phone = await open({ width: 390, height: 844 });
  await phone.page.locator("#columns-shown").waitFor();
  await phone.page.screenshot({ path: `${shots}/wide-phone.png` });
  found.widths = await phone.page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  return { ...found, trouble: [...trouble, ...other.trouble, ...phone.trouble] };
}
