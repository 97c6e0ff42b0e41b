/* Copy the link of the page to the clipboard, also from a page that was opened from a file. */
"use strict";
/** Whether a text could be copied; without the clipboard's permission, as the user's selection. */
report.copy = async (text) => {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const open = document.querySelector("dialog[open]");
    const field = report.make("textarea", { class: "hidden", "aria-hidden": "true", readonly: true });
    field.value = text;
    const focused = document.activeElement;
    (open ?? document.body).append(field);
    field.select();
    const isCopied = document.execCommand("copy");
    field.remove();
    focused?.focus();
    return isCopied;
  }
};

/** A button that copies the link of what is shown. */
report.copyButton = (attributes = {}) => {
  const label = "Copy link";
  const button = report.make(
    "button",
    {
      type: "button",
      ...attributes,
      onclick: async () => {
        const isCopied = await report.copy(location.href);
        const said = isCopied ? "Link copied" : "Copy the link from the address bar";
        button.textContent = said;
        report.say(`${said}.`);
        setTimeout(() => {
          button.textContent = label;
        }, 3000);
      },
    },
    label,
  );
  return button;
};
