// Looking for somebody: counted, gone through with Enter, and said when nobody is meant.
export default async function play({ open, shots }) {
  const { page, trouble } = await open();
  const found = {};
  const count = () => page.locator("[data-found]").textContent();
  const standing = () => page.locator("#board .standing .who").textContent();

  await page.keyboard.press("/");
  await page.keyboard.type("example");
  found.count = await count();
  found.columns = await page.locator("#board .column:visible h2").allTextContents();
  await page.screenshot({ path: `${shots}/searching.png` });
  await page.keyboard.press("Enter");
  found.first = [await standing(), await count()];
  await page.keyboard.press("Enter");
  found.second = [await standing(), await count()];
  found.inView = await page.evaluate(() => {
    const [at, frame] = [".standing", "#board"].map((one) => document.querySelector(one).getBoundingClientRect());
    return at.top >= frame.top && at.bottom <= frame.bottom;
  });
  await page.keyboard.press("Shift+Enter");
  found.back = await standing();
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.type("zzz");
  found.nobody = await page.locator("[data-nobody]").textContent();
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => document.querySelector("[data-nobody]").hidden);
  found.again = await page.locator("#board .card:visible").count();

  // As a caller says a name, and as a phone shows who calls.
  const names = async (typed) => {
    await page.locator('[data-filter="name"]').fill(typed);
    return page.locator("#board .card:visible .who").allTextContents();
  };
  found.turned = await names("example, ann");
  found.reached = [await names("7010 4321"), await names("+61 3 7010-43")];
  await names("");

  await page.locator("h1").click();
  await page.keyboard.press("?");
  found.keys = await page.locator("[data-keys] dd").allTextContents();
  await page.screenshot({ path: `${shots}/keys.png` });
  await page.keyboard.press("Escape");
  found.closed = await page.locator("[data-keys][open]").count();
  return { ...found, trouble };
}
