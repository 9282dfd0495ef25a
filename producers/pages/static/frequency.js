// How often: the usual choices, and a number of minutes for the rest.
export function frequency(form) {
  const box = form.querySelector("[data-frequency]");
  const minutes = box.querySelector("[data-minutes]");
  const chosen = () => box.querySelector("[name=frequency]:checked")?.value;
  const renew = () => {
    minutes.hidden = chosen() !== "other";
  };
  box.addEventListener("change", renew);
  renew();
  return {
    renew,
    wanted() {
      if (chosen() === "manual") return { sync_enabled: false };
      const every = chosen() === "other" ? minutes.querySelector("input").value : chosen();
      return { sync_enabled: true, frequency_minutes: Number(every) };
    },
  };
}
