/* Which buttons may still be tapped. */

/* The message whose choices are open, if any. Only the bot's last word can be answered by a button: once the customer has
   said something else, or a person has come, it is history. In the queue "cancel" and "call me back" stay open
   whatever the customer adds meanwhile. */
export function answerable({ messages, outgoing, owner }) {
  if (owner === "agent") return null;
  const message = [...messages].reverse().find((each) => each.choices.length);
  if (!message) return null;
  const tapped = (item) => message.choices.some((choice) => choice.id === item.choice);
  const answering = outgoing.some((item) => !item.error && (tapped(item) || owner !== "queued"));
  const isLastWord = messages.every((each) => each.id <= message.id || each.from === "bot");
  return !answering && (owner === "queued" || isLastWord) ? message : null;
}
