// An appointment is typed in, looked at, taken off and brought back through its history.
export default async function play({ open, shots }) {
  const { page, trouble } = await open();
  const found = {};
  const dialog = page.locator("[data-adding]");
  await page.getByRole("button", { name: "Add an appointment by hand" }).click();
  await dialog.getByRole("button", { name: "Add", exact: true }).click();
  found.missing = await dialog.locator("[data-adding-error]").textContent();
  await dialog.getByLabel("Time").fill("3:30 pm");
  await dialog.getByLabel("Date of birth").fill("31/2/1980");
  await dialog.getByLabel("Patient").fill("   ");
  await dialog.getByRole("button", { name: "Add", exact: true }).click();
  found.nameless = await dialog.locator("[data-adding-error]").textContent();
  await dialog.getByLabel("Patient").fill("Walk-in Example");
  await dialog.getByLabel("Phone").fill("12");
  await dialog.getByRole("button", { name: "Add", exact: true }).click();
  await dialog.locator("[data-adding-error]").filter({ hasText: /\S/ }).waitFor();
  found.unread = await dialog.locator("[data-adding-error]").textContent();
  found.focused = await page.evaluate(() => document.activeElement.name);
  await dialog.getByLabel("Date of birth").fill("3/2/1980");
  await dialog.getByRole("button", { name: "Add", exact: true }).click();
  await dialog.locator("[data-adding-error]").filter({ hasText: "phone" }).waitFor();
  found.refused = await dialog.locator("[data-adding-error]").textContent();
  await page.mouse.click(5, 5);
  found.slip = [await dialog.isVisible(), await page.evaluate(async () => (await import("/static/staying.js")).isHeld())];
  await dialog.getByLabel("Phone").fill("0400 000 321");
  await dialog.getByLabel("Clinician").selectOption({ label: "Dr Tom Whitfield" });
  await page.screenshot({ path: `${shots}/adding-light.png` });
  await dialog.getByRole("button", { name: "Add", exact: true }).click();
  const card = page.locator('.card:has-text("Walk-in Example")');
  await card.waitFor();
  found.badge = (await card.locator(".badge").textContent()).trim();
  found.time = await card.locator('[data-edit="start"] [data-shown]').textContent();
  found.said = await page.locator("[data-toasts] p").last().textContent();

  await card.locator(".who").click();
  found.born = await page.locator('.details [data-edit="patient_date_of_birth"] [data-shown]').textContent();
  await page.getByRole("button", { name: "Take off the sheet" }).click();
  await page.locator(".details .chip", { hasText: "Taken off" }).waitFor();
  await page.locator("[data-history] summary").click();
  await page.locator(".steps li").first().waitFor();
  found.steps = await page.locator(".steps strong").allTextContents();
  await page.screenshot({ path: `${shots}/history-light.png` });
  await page.getByRole("button", { name: "Undo this" }).first().click();
  await page.locator(".details .chip", { hasText: "Booked" }).waitFor();
  await page.waitForFunction(() => document.querySelectorAll(".steps li").length === 3);
  found.after = await page.locator(".steps strong").allTextContents();

  // However far down it is read, the panel can be closed.
  await page.setViewportSize({ width: 1280, height: 500 });
  found.close = await page.locator("[data-panel]").evaluate((panel) => {
    panel.scrollTop = panel.scrollHeight;
    const { top, bottom } = panel.querySelector("[data-close]").getBoundingClientRect();
    return { isScrolled: panel.scrollTop > 0, isInSight: top >= 0 && bottom <= innerHeight };
  });
  await page.setViewportSize({ width: 1280, height: 860 });
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Add an appointment by hand" }).click();
  await dialog.getByLabel("Patient").fill("Not Meant");
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("button", { name: "Add an appointment by hand" }).click();
  found.anew = await dialog.getByLabel("Patient").inputValue();

  const phone = await open({ width: 390, height: 844, isMobile: true, hasTouch: true, deviceScaleFactor: 2, colorScheme: "dark" });
  await phone.page.getByRole("button", { name: "Add an appointment by hand" }).click();
  await phone.page.locator("[data-adding][open]").waitFor();
  await phone.page.screenshot({ path: `${shots}/adding-phone-dark.png` });
  found.widths = await phone.page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  await phone.page.getByRole("button", { name: "Cancel" }).tap();

  // A finger has no Escape: what was typed into a field is given up by a button.
  const saved = [];
  phone.page.on("request", (request) => request.method() === "PATCH" && saved.push(request.postDataJSON()));
  const notes = phone.page.locator('.card:has-text("Grace Invented") [data-edit="notes"]');
  await notes.tap();
  await phone.page.locator("[data-editor-input] textarea").fill("Not meant");
  await phone.page.screenshot({ path: `${shots}/editor-phone-dark.png` });
  await phone.page.locator("[data-editor]").getByRole("button", { name: "Cancel" }).tap();
  found.givenUp = [await phone.page.locator("[data-editor]:popover-open").count(), await notes.locator("[data-shown]").textContent(), saved.length];
  return { ...found, trouble: [...trouble, ...phone.trouble].filter((line) => !line.includes("status of 422 ")) };
}
