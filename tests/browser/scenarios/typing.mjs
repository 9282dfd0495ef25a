// Times and dates are text, read as people write them: nothing that was not typed is ever saved.
const WRITTEN = [
  ["time", "930", "0930", "9:30am", "2.30 PM", "12 am", "12:15 p.m.", "9", "13 pm", "0 am"],
  ["date", "1980-02-03", "3 Feb 1980", "February 3, 1980", "3/2/1980", "03021980", "31/2/1980", "2/13/1980", "3/2/80", "3 Foo 1980"],
  ["date-month-first", "3 Feb 1980", "2/3/1980", "02031980", "19800203", "13/2/1980"],
];

// In the page: what each of them is read as, or how it is said to be written.
async function asRead(written) {
  const { readValue } = await import("/static/values.js");
  const read = (kind, text) => {
    try {
      return readValue(kind, text);
    } catch (wrong) {
      return wrong.message.slice(0, 5);
    }
  };
  return Object.fromEntries(written.map(([kind, ...texts]) => [kind, texts.map((text) => read(kind, text))]));
}

export default async function play({ open }) {
  const { page, trouble } = await open();
  const saved = [];
  page.on("request", (request) => request.method() === "PATCH" && saved.push(request.postDataJSON()));
  const error = page.locator("[data-editor-error]");
  const time = page.locator('.card:has-text("Tane Unreal") [data-edit="start"]');
  const found = {};

  found.read = await page.evaluate(asRead, WRITTEN);
  await time.click();
  found.type = await page.locator("[data-editor-input] input").getAttribute("type");
  for (const typed of ["25:00", "9:60", "93"]) {
    await page.keyboard.press("ControlOrMeta+a");
    await page.keyboard.type(typed);
    await page.keyboard.press("Enter");
    found[typed] = await error.textContent();
  }
  await page.keyboard.press("Tab");
  found.stays = await page.locator("[data-editor]:popover-open input:focus").count();
  found.unsaved = saved.length;
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.type("9.05");
  await page.keyboard.press("Enter");
  await page.locator(".toasts p").filter({ hasText: "Time saved" }).waitFor();
  found.saved = [...saved];
  found.shown = await time.locator("[data-shown]").textContent();

  // What is too long is refused whole, not cut off; a word is put together before it is saved.
  const notes = page.locator('.card:has-text("Grace Invented") [data-edit="notes"]');
  await notes.click();
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.insertText(`Long ${"x".repeat(3998)} end.`);
  await page.keyboard.press("Enter");
  await error.filter({ hasText: /\S/ }).waitFor();
  found.long = [await error.textContent(), (await page.locator("[data-editor-input] textarea").inputValue()).slice(-4)];
  for (const key of ["Enter", "Escape"]) {
    await page.locator("[data-editor-input] textarea").dispatchEvent("keydown", { key, isComposing: true, bubbles: true });
  }
  found.composing = [await page.locator("[data-editor]:popover-open").count(), saved.length];
  await page.keyboard.press("Escape");

  // A date of birth stands, and is written, in words that nobody takes for another day.
  await page.locator('.card:has-text("Jun Unreal") .who').click();
  const birth = page.locator('.details [data-edit="patient_date_of_birth"]');
  await birth.click();
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.type("4/11/1979");
  await page.keyboard.press("Enter");
  await page.locator(".toasts p").filter({ hasText: "Date of birth saved" }).waitFor();
  found.born = [await birth.locator("[data-shown]").textContent(), saved.pop()];
  await page.keyboard.press("Escape");

  // The pointer rests on a field that changes under it: the tip follows.
  const phone = page.locator('.card:has-text("Tane Unreal") [data-edit="patient_phone"]');
  await phone.hover();
  const tip = page.locator("[data-tip]:popover-open");
  found.before = await tip.textContent();
  const version = await phone.getAttribute("data-version");
  await page.evaluate(async ([id, at]) => {
    const { ask } = await import("/static/api.js");
    await ask("PATCH", `/api/run-sheet/appointments/${id}`, { body: { patient_phone: "+61 3 7010 4321" }, version: at });
  }, [await phone.getAttribute("data-entry"), version]);
  await tip.filter({ hasText: "Set by Sam Owner" }).waitFor();
  found.after = await tip.textContent();
  found.call = await page.locator('.card:has-text("Tane Unreal") .call').getAttribute("href");

  await page.evaluate(async () => {
    const { say } = await import("/static/toast.js");
    for (const text of ["One.", "Two.", "Two.", "Three.", "Four.", "Four."]) say(text);
  });
  found.toasts = await page.locator(".toasts p").allTextContents();
  return { ...found, trouble: trouble.filter((line) => !line.includes("status of 422 ")) };
}
