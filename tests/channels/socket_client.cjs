// A web client as Rasa's are: says what it is told on stdin (one JSON a line), prints every event (one JSON a line).
const readline = require("node:readline");
const { io } = require("socket.io-client");

const [address, transport] = process.argv.slice(2);
const socket = io(address, { path: "/socket.io", transports: [transport], reconnection: false });
const print = (event, data) => console.log(JSON.stringify([event, data ?? null]));
for (const event of ["connect", "connect_error", "disconnect", "session_confirm", "bot_uttered"])
  socket.on(event, (data) => print(event, data instanceof Error ? data.message : data));
readline.createInterface({ input: process.stdin })
  .on("line", (line) => socket.emit(...JSON.parse(line)))
  .on("close", () => {
    socket.close();
    setTimeout(() => process.exit(0), 100); // time to say goodbye
  });
