// Two people have the same row open: the second is told, and nothing is lost.
export default async function play({ open }) {
  const one = await open();
  const other = await open();
  await other.page.route("**/sheet?date=*", (route) => route.abort());
  const note = (page) => page.locator('.card:has-text("Jun Unreal") [data-edit="patient_phone"]');

  await note(one.page).click();
  await one.page.keyboard.press("ControlOrMeta+a");
  await one.page.keyboard.type("03 7010 4321");
  await one.page.keyboard.press("Enter");
  await one.page.locator(".toasts p").first().waitFor();

  await note(other.page).click();
  await other.page.keyboard.press("ControlOrMeta+a");
  await other.page.keyboard.type("03 7010 9999");
  await other.page.unroute("**/sheet?date=*");
  await other.page.keyboard.press("Enter");
  const told = other.page.locator("[data-editor-error]").filter({ hasText: "changed meanwhile" });
  await told.waitFor();
  await note(other.page).filter({ hasText: "(03) 7010 4321" }).waitFor();
  return {
    told: await told.textContent(),
    typed: await other.page.locator("[data-editor-input] input").inputValue(),
    shown: await note(other.page).locator("[data-shown]").textContent(),
  };
}
