// Field after field on a slow line, refusals and a closed panel: nothing typed is lost without a word.
const LATE = 700;

export default async function play({ open, shots }) {
  const { page, trouble } = await open();
  const found = {};
  const card = (name) => page.locator(`#board .card:has(.who:text-is("${name}"))`);
  const field = (name, what) => card(name).locator(`[data-edit="${what}"]`);
  const inPanel = (what) => page.locator(`.details [data-edit="${what}"]`);
  const told = (text) => page.locator(".toasts p").filter({ hasText: text });
  const isOpen = () => page.locator("[data-editor]:popover-open").count();
  const sent = [];
  page.on("request", (asked) => asked.method() === "PATCH" && sent.push([asked.url().split("/").at(-1), asked.postDataJSON()]));
  const idOf = (name) => card(name).getAttribute("data-entry");
  const [tane, jun] = [await idOf("Tane Unreal"), await idOf("Jun Unreal")];
  const type = async (text) => {
    await page.keyboard.press("ControlOrMeta+a");
    await page.keyboard.type(text);
  };
  const elsewhere = (entry, body) => page.evaluate(async ([id, changes]) => {
    const { exchange } = await import("/static/api.js");
    const { version } = await exchange("GET", `/api/run-sheet/appointments/${id}`);
    await exchange("PATCH", `/api/run-sheet/appointments/${id}`, { body: changes, version });
  }, [entry, body]);

  // One row's phone, then at once its notes: both are saved, though the first is still on its way.
  await page.route("**/api/run-sheet/appointments/**", (asked) => setTimeout(() => asked.continue(), LATE));
  await card("Tane Unreal").locator(".who").click();
  await inPanel("patient_phone").click();
  await type("+61 3 7010 4321");
  await inPanel("notes").click();
  await type("Needs the ramp.");
  await page.keyboard.press("Enter");
  found.saving = await page.locator("[data-editor]").filter({ hasText: "Saving…" }).innerText();
  await told("Notes saved.").waitFor();
  found.both = await inPanel("notes").getAttribute("data-value");
  found.phone = await inPanel("patient_phone").getAttribute("data-value");

  // What is refused while another field is open is told, and the other stays as it is.
  await inPanel("patient_phone").click();
  await type("12");
  await inPanel("notes").click();
  await type("Needs the lift.");
  const late = told("was not saved");
  await late.waitFor();
  found.late = await late.textContent();
  found.typing = await page.locator("[data-editor-input] textarea").inputValue();
  await page.keyboard.press("Escape");

  // The panel is closed over a value that is refused: no editor is left behind it.
  await inPanel("patient_phone").click();
  await type("13");
  await page.locator("[data-panel] [data-close]").click();
  await told("“13”").waitFor();
  found.closed = await told("“13”").textContent();
  await page.unroute("**/api/run-sheet/appointments/**");
  await card("Jun Unreal").locator(".who").click();
  await inPanel("start").click();
  await type("9:60");
  await page.keyboard.press("Enter");
  await page.mouse.click(5, 500);
  await told("“9:60”").waitFor();
  found.local = await told("“9:60”").textContent();
  await card("Tane Unreal").locator(".who").click();
  await inPanel("notes").waitFor();
  found.ghosts = await isOpen();
  await page.keyboard.press("Escape");

  // Somebody else changes the row while a note is typed: it stays, and a second Enter saves it.
  await field("Jun Unreal", "patient_phone").click();
  await type("+61 491 570 158");
  await elsewhere(jun, { patient_phone: "+61 491 570 006" });
  await field("Jun Unreal", "patient_phone").filter({ hasText: "0491 570 006" }).waitFor();
  await page.keyboard.press("Enter");
  await page.locator("[data-editor-error]").filter({ hasText: "meanwhile" }).waitFor();
  found.overtaken = await page.locator("[data-editor-error]").textContent();
  await page.screenshot({ path: `${shots}/overtaken.png` });
  await page.keyboard.press("Enter");
  await field("Jun Unreal", "patient_phone").filter({ hasText: "0491 570 158" }).waitFor();

  // Tab goes to the reason and back, and saves only behind it.
  await card("Jun Unreal").locator(".who").click();
  await inPanel("status").evaluate((one) => one.setAttribute("data-asks-why", ""));
  await inPanel("status").click();
  await page.locator("[data-editor-input] select").selectOption("cancelled");
  const focused = () => page.evaluate(() => document.activeElement.tagName);
  await page.keyboard.press("Tab");
  found.why = await focused();
  await page.keyboard.press("Shift+Tab");
  found.back = await focused();
  await page.keyboard.press("Tab");
  await page.keyboard.type("Has a cold");
  await page.keyboard.press("Tab");
  await told("Status").waitFor();
  found.last = sent.at(-1);
  found.rows = [...new Set(sent.slice(0, 4).map(([entry]) => entry === tane))];
  found.jun = found.last[0] === jun;
  found.trouble = trouble.filter((line) => !/status of (412|422) /.test(line));
  return found;
}
