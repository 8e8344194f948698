import { assertEquals, assertLessOrEqual } from "@std/assert";
import { countTraffic } from "../mesh/counted_server.ts";
import {
  countOpen,
  enterSession,
  hostSession,
  leaveSession,
  openClients,
  untilLinked,
} from "../mesh/clients.ts";
import { testInChromium } from "./stage.ts";

/** All that may pass while a mesh forms: answers and offers take no other way. */
const KINDS = new Set([
  "sockets",
  "GET 200",
  "GET 503",
  "POST 202",
  "primary -> deposit",
  "primary -> received",
  "server -> welcome",
  "server -> status",
  "server -> want",
  "server -> answers",
]);

testInChromium("a mesh of 2, 4, 8, 16 costs what the contract says", async (stage) => {
  const server = await stage.serve();
  const counted = countTraffic(server);
  stage.defer(() => counted[Symbol.asyncDispose]());
  stage.allowFault(/status of 503/);
  const clients = await openClients(stage, counted, 16);

  for (const size of [2, 4, 8, 16]) {
    const [host, ...joiners] = clients.slice(0, size);
    const { counts, delivered } = counted;
    counts.clear();
    delivered.length = 0;
    const { pathname, hash } = new URL(await hostSession(host));
    const link = counted.origin + pathname + hash;
    await Promise.all(joiners.map((page) => enterSession(page, link)));
    await untilLinked([host, ...joiners]);

    const joins = size - 1;
    const links = size * joins / 2;
    assertEquals(await countOpen([host, ...joiners]), { connections: links, channels: links });
    const of = (what: string) => counts.get(what) ?? 0;
    const refills = of("primary -> deposit") - 1;
    const costs = {
      sockets: of("sockets"),
      offersTaken: of("GET 200"),
      answersPosted: of("POST 202"),
      answersDelivered: delivered.length,
      differentAnswers: new Set(delivered).size,
      welcomes: of("server -> welcome"),
    };
    assertEquals(costs, {
      sockets: 1,
      offersTaken: joins,
      answersPosted: joins,
      answersDelivered: joins,
      differentAnswers: joins,
      welcomes: 1,
    });
    // What comes on top: refills that the server asked for, a word for each delivery, the counter.
    assertLessOrEqual(refills, Math.min(of("server -> want"), joins));
    assertLessOrEqual(of("primary -> received"), of("server -> answers"));
    assertEquals([...counts.keys()].filter((what) => !KINDS.has(what)), []);

    await leaveSession([host, ...joiners]);
  }
});
