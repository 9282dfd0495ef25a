// A phone number is changed in its place, with the keyboard; a second window follows.
export default async function play({ open }) {
  const one = await open();
  const other = await open();
  const phone = (page) => page.locator('.card:has-text("Tane Unreal") [data-edit="patient_phone"]');

  await phone(one.page).click();
  await one.page.keyboard.type("12");
  await one.page.keyboard.press("Enter");
  const refused = one.page.locator("[data-editor-error]");
  await refused.filter({ hasText: "not a phone number" }).waitFor();
  const reason = await refused.textContent();
  const label = await one.page.locator("[data-editor-label]").textContent();
  // The rows are scrolled under what was refused, which stays beside its own.
  const before = await one.page.evaluate(() => document.querySelector("[data-editor]").getBoundingClientRect().top);
  await phone(one.page).hover();
  await one.page.mouse.wheel(0, 200);
  await one.page.waitForFunction((was) => document.querySelector("[data-editor]").getBoundingClientRect().top < was - 100, before);
  const apart = await phone(one.page).evaluate((field) => Math.round(field.getBoundingClientRect().top - document.querySelector("[data-editor]").getBoundingClientRect().top));
  await one.page.keyboard.press("Escape");
  const kept = await phone(one.page).locator("[data-shown]").textContent();

  await phone(one.page).click();
  await one.page.keyboard.press("ControlOrMeta+a");
  await one.page.keyboard.type("03 7010 4321");
  await one.page.keyboard.press("Enter");
  await one.page.locator(".toasts p").filter({ hasText: "Phone saved" }).waitFor();
  await phone(other.page).filter({ hasText: "(03) 7010 4321" }).waitFor();

  await one.page.mouse.move(5, 5);
  await phone(one.page).hover();
  const tip = await one.page.locator("[data-tip]:popover-open").textContent();
  return {
    reason,
    label,
    apart,
    kept,
    followed: await phone(other.page).locator("[data-shown]").textContent(),
    tip,
    focused: await one.page.evaluate(() => document.activeElement.dataset.edit),
    // The browser itself reports the refused request.
    trouble: [...one.trouble, ...other.trouble].filter((line) => !line.includes("status of 422 ")),
  };
}
