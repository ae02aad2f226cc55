/* A shipment: how it stands, what was promised, why, what comes next, and the way it took. */

import { h, Words } from "./view.js";

const { Button, Card, CardContent, Step, Stepper } = ChatUI;

const FIRST_EVENTS = 2; // of more than three: hiding a single one would save nothing
/* How far along each status is; the others (exception, returning …) have no place on this line. */
const STAGES = {
  created: -1,
  awaiting_pickup: -1,
  picked_up: 0,
  in_transit: 1,
  customs: 1,
  out_for_delivery: 2,
  at_pickup_point: 2,
  delivered: 3,
};

export function ShipmentCard({ card }) {
  const { say, clock } = React.useContext(Words);
  const fact = (key, value) => value && [h("dt", { key: `${key}-name` }, say(key)), h("dd", { key }, value)];
  return h(Card, { className: "Shipment", "data-verdict": card.verdict },
    h(CardContent, null,
      h("header", { className: "Shipment-head" },
        h("div", null,
          h("span", { className: "Shipment-carrier" }, card.carrier_name),
          h("span", { className: "Shipment-waybill" }, h("span", { className: "Unseen" }, say("waybill")), card.waybill)),
        h("span", { className: "Shipment-status" }, card.status_name)),
      h("p", { className: "Shipment-headline" }, card.headline),
      card.status in STAGES && h(Stages, { status: card.status }),
      h("dl", { className: "Shipment-facts" },
        fact("promised", card.promised_at && clock.full(new Date(card.promised_at))),
        fact("courier", card.courier && h("a", { href: `tel:${card.courier}` }, card.courier)),
        fact("why", card.why),
        fact("whatNext", card.next)),
      card.stale && h("p", { className: "Shipment-stale", role: "note" }, card.stale),
      h(Timeline, { events: card.timeline, updatedAt: card.updated_at })));
}

function Stages({ status }) {
  const { say } = React.useContext(Words);
  const stages = [...say("stages")];
  if (status === "at_pickup_point") stages[2] = say("pickupStage");
  const reached = STAGES[status];
  const stage = (name, index) =>
    h("li", { key: name, "data-reached": index <= reached, "aria-current": index === reached ? "step" : null }, name);
  return h("ol", { className: "Stages", "aria-label": say("stageLabel", { stage: stages[reached] || "" }) }, stages.map(stage));
}

function Timeline({ events, updatedAt }) {
  const { say, clock } = React.useContext(Words);
  const [isWhole, setWhole] = React.useState(false);
  const isLong = events.length > FIRST_EVENTS + 1;
  const shown = isLong && !isWhole ? events.slice(0, FIRST_EVENTS) : events;
  const step = (event, index) =>
    h(Step, { key: index, title: event.text, desc: [clock.full(new Date(event.at)), event.city].filter(Boolean).join(" · ") });
  return h("section", { className: "Timeline", "aria-label": say("timeline") },
    shown.length > 0 && h(Stepper, { current: 0, inverted: true }, shown.map(step)),
    h("div", { className: "Timeline-foot" },
      isLong && h(Button, { variant: "text", "aria-expanded": isWhole, onClick: () => setWhole(!isWhole) },
        isWhole ? say("fewerEvents") : say("allEvents", { count: events.length })),
      updatedAt && h("p", { className: "Shipment-updated" }, say("updated", { time: clock.short(new Date(updatedAt)) }))));
}
