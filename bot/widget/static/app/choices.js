/* Replies offered as buttons. */

import { h, Words } from "./view.js";

const { Button } = ChatUI;

/* `onChoose` missing: the buttons are history and only show what was offered. */
export function Choices({ choices, onChoose }) {
  const { say } = React.useContext(Words);
  const choose = (choice) => (event) => {
    onChoose(choice);
    // A button that goes away takes the keyboard focus with it; a tap (detail > 0) must not raise the phone's keyboard.
    if (event.detail === 0) document.getElementById("composer").focus();
  };
  const button = (choice) =>
    h(Button, { key: choice.id, className: "Choice", disabled: !onChoose, onClick: choose(choice) }, choice.title);
  return h("div", { className: "Choices", role: "group", "aria-label": say("choices") }, choices.map(button));
}
