// One stream for all windows of a browser: six of them would else use up its connections to us.
import { makeStream } from "./stream.js";

const stream = makeStream();

addEventListener("connect", ({ ports: [port] }) => {
  let joined = null;
  const asked = {
    join: ({ after }) => { joined = stream.join(after, (told) => port.postMessage(told)); },
    check: () => joined?.check(),
    leave: () => {
      joined?.leave();
      port.close();
    },
  };
  port.addEventListener("message", ({ data }) => asked[data.ask]?.(data));
  port.start();
});
