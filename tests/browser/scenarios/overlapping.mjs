// A visit is moved over another: warned of and marked, then refused once that was chosen.
async function moveTo(page, patient, time) {
  const card = page.locator(`.card:has-text("${patient}")`);
  await card.locator('[data-edit="start"]').click();
  await page.locator("[data-editor] input").first().fill(time);
  await page.keyboard.press("Enter");
  return card;
}

export default async function play({ open, shots }) {
  const { page, trouble } = await open();
  const found = { before: await page.locator("#overlaps").count() };
  const card = await moveTo(page, "Quinn Invented", "13:15");
  await page.locator("#overlaps").waitFor();
  found.warned = await page.locator("[data-toasts] p").last().textContent();
  found.count = (await page.locator("#overlaps h2").textContent()).trim();
  found.mark = await card.locator(".mark.clash .sr").textContent();
  // As it is among many columns, with as many marks as a visit may have.
  await page.mouse.move(0, 0);
  found.named = await card.evaluate((one) => {
    document.activeElement.blur();
    const marks = one.querySelector(".marks");
    const more = [1, 2, 3].map(() => marks.querySelector(".mark").cloneNode(true));
    marks.append(...more);
    one.style.cssText = "width: 78px; height: 34px";
    const name = one.querySelector(".who").getBoundingClientRect();
    const fits = name.top + name.height / 2 < one.getBoundingClientRect().bottom;
    one.removeAttribute("style");
    for (const mark of more) mark.remove();
    return fits;
  });
  await page.locator("#overlaps summary").click();
  found.list = (await page.locator("#overlaps li").first().innerText()).replace(/\s+/g, " ").trim();
  await page.screenshot({ path: `${shots}/overlaps-light.png` });

  await page.getByRole("button", { name: "When appointments overlap" }).click();
  const dialog = page.locator("[data-overlap-choices]");
  await page.screenshot({ path: `${shots}/overlap-policy-light.png` });
  await dialog.getByRole("radio", { name: /^Refuse/ }).check();
  await dialog.getByRole("button", { name: "Save" }).click();
  await dialog.waitFor({ state: "hidden" });
  await moveTo(page, "Mei Testwell", "11:10");
  await page.locator("[data-editor-error]").filter({ hasText: /\S/ }).waitFor();
  found.refused = await page.locator("[data-editor-error]").textContent();
  await page.keyboard.press("Escape");
  found.open = await page.locator("#overlaps").getAttribute("open");

  const dark = await open({ colorScheme: "dark" });
  await dark.page.locator("#overlaps summary").click();
  await dark.page.screenshot({ path: `${shots}/overlaps-dark.png` });
  const phone = await open({ width: 390, height: 844, isMobile: true, hasTouch: true, deviceScaleFactor: 2 });
  await phone.page.locator("#overlaps summary").click();
  await phone.page.screenshot({ path: `${shots}/overlaps-phone-light.png` });
  const night = await open({ width: 390, height: 844, isMobile: true, hasTouch: true, deviceScaleFactor: 2, colorScheme: "dark" });
  await night.page.getByRole("button", { name: "When appointments overlap" }).click();
  await night.page.screenshot({ path: `${shots}/overlap-policy-phone-dark.png` });
  found.widths = await phone.page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  const troubles = [...trouble, ...dark.trouble, ...phone.trouble, ...night.trouble];
  return { ...found, trouble: troubles.filter((line) => !line.includes("status of 409 ")) };
}
