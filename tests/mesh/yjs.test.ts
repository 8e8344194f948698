import { assert, assertEquals } from "@std/assert";
import { Awareness } from "y-protocols/awareness";
import { Doc } from "yjs";
import { shareDoc, type ShareOptions, type Sharing } from "../../lib/mesh/yjs.ts";
import { type Member, openRoom, type Room } from "./wire_room.ts";

/** Runs `play` in a room, and closes it and all that is shared in it. */
async function inRoom(
  play: (room: Room, share: typeof shareText) => Promise<void>,
): Promise<void> {
  const room = openRoom();
  const ends: (() => void)[] = [];
  const enter = (id: string) => {
    ends.push(() => room.leave(id));
    return room.enter(id);
  };
  try {
    await play({ ...room, enter }, (...args) => {
      const shared = shareText(...args);
      ends.push(() => shared.doc.destroy());
      return shared;
    });
  } finally {
    for (const end of ends.reverse()) end();
  }
}

function shareText(member: Sharing, options?: ShareOptions, doc = new Doc()) {
  const shared = shareDoc(member, doc, options);
  return { ...shared, text: doc.getText("text") };
}

const listen = (member: Member) => {
  const heard: unknown[] = [];
  member.addEventListener("message", ({ detail }) => heard.push(detail.data));
  return heard;
};

Deno.test("what three write at the same time is the same for all of them", () =>
  inRoom(async (room, share) => {
    const texts = ["ada", "bob", "cyd"].map((id) => share(room.enter(id)).text);
    await room.quiet();
    texts.forEach((text, i) => text.insert(0, `${i}`));
    texts.forEach((text, i) => text.insert(text.length, `${i}`));
    await room.quiet();
    assertEquals([...texts[0].toString()].toSorted().join(""), "001122");
    assertEquals(texts.map(String), Array(3).fill(texts[0].toString()));
  }));

Deno.test("who opens the document late gets its state, and its own reaches the others", () =>
  inRoom(async (room, share) => {
    const [ada, bob] = [room.enter("ada"), room.enter("bob")];
    const first = share(ada).text;
    first.insert(0, "written before");
    await room.quiet();
    const doc = new Doc();
    doc.getText("text").insert(0, "brought along");
    const second = share(bob, {}, doc);
    await second.synced;
    await room.quiet();
    assertEquals(second.text.toString(), first.toString());
    assert(first.toString().includes("brought along") && first.length === 27);
  }));

Deno.test("who comes back gets what was written meanwhile, and gives what it wrote alone", () =>
  inRoom(async (room, share) => {
    const here = share(room.enter("ada")).text;
    const away = new Doc();
    share(room.enter("bob"), {}, away);
    here.insert(0, "together");
    await room.quiet();
    room.leave("bob");
    away.getText("text").insert(0, "alone ");
    here.insert(here.length, " meanwhile");
    share(room.enter("bob again"), {}, away);
    await room.quiet();
    assertEquals(here.toString(), "alone together meanwhile");
    assertEquals(away.getText("text").toString(), here.toString());
  }));

Deno.test("what was lost on a broken link comes when it is repaired", () =>
  inRoom(async (room, share) => {
    const [ada, bob] = ["ada", "bob"].map((id) => share(room.enter(id)));
    await room.quiet();
    room.cut("ada", "bob");
    ada.text.insert(0, "here");
    bob.text.insert(0, "there ");
    bob.awareness.setLocalState({ name: "Bob" });
    await room.quiet();
    assertEquals([ada.text, bob.text].map(String), ["here", "there "]);
    room.mend("ada", "bob");
    await room.quiet();
    assertEquals(ada.text.toString().length, 10);
    assertEquals(ada.text.toString(), bob.text.toString());
    assertEquals(ada.awareness.getStates().get(bob.doc.clientID), { name: "Bob" });
  }));

Deno.test("documents with different names do not mix", () =>
  inRoom(async (room, share) => {
    const [ada, bob] = [room.enter("ada"), room.enter("bob")];
    const [notes, list] = [share(ada, { name: "notes" }), share(ada, { name: "list" })];
    const [ownNotes, ownList] = [share(bob, { name: "notes" }), share(bob, { name: "list" })];
    notes.text.insert(0, "a note");
    list.text.insert(0, "a list");
    await room.quiet();
    assertEquals([ownNotes.text, ownList.text].map(String), ["a note", "a list"]);
  }));

Deno.test("the application's messages and the document's do not meet", () =>
  inRoom(async (room, share) => {
    const [ada, bob] = [room.enter("ada"), room.enter("bob")];
    const shared = [share(ada), share(bob)];
    const heard = listen(bob);
    shared[0].text.insert(0, "shared");
    ada.send("bob", "said");
    ada.send("bob", new Uint8Array([1, 2, 3]));
    await room.quiet();
    assertEquals(shared[1].text.toString(), "shared");
    assertEquals(heard, ["said", new Uint8Array([1, 2, 3]).buffer]);
  }));

Deno.test("what is written goes only to those who share the document", () =>
  inRoom(async (room, share) => {
    const [ada, bob] = [room.enter("ada"), room.enter("bob")];
    const heard = listen(bob);
    const { text } = share(ada);
    await room.quiet();
    assertEquals(heard.length, 1, "the question whether it shares it too");
    text.insert(0, "for nobody yet");
    await room.quiet();
    assertEquals(heard.length, 1);
  }));

Deno.test("each sees who else is there, until it leaves or shares no more", () =>
  inRoom(async (room, share) => {
    const [ada, bob, cyd] = ["ada", "bob", "cyd"].map((id) => share(room.enter(id)));
    const names = ({ awareness }: typeof ada) =>
      [...awareness.getStates().values()].flatMap(({ name }) => name ?? []).toSorted();
    ada.awareness.setLocalState({ name: "Ada" });
    bob.awareness.setLocalState({ name: "Bob" });
    cyd.awareness.setLocalState({ name: "Cyd" });
    await room.quiet();
    assertEquals(names(ada), ["Ada", "Bob", "Cyd"]);
    room.leave("cyd");
    assertEquals([ada, bob].map(names), [["Ada", "Bob"], ["Ada", "Bob"]]);
    assertEquals(names(cyd), ["Cyd"]);
    bob.destroy();
    await room.quiet();
    assertEquals(names(ada), ["Ada"]);
  }));

Deno.test("who comes back before its old links are noticed to be lost stays to be seen", () =>
  inRoom(async (room, share) => {
    const ada = share(room.enter("ada"));
    const doc = new Doc();
    const awareness = new Awareness(doc);
    awareness.setLocalState({ name: "Bob" });
    share(room.enter("bob"), { awareness }, doc);
    await room.quiet();
    share(room.enter("bob again"), { awareness }, doc);
    await room.quiet();
    room.leave("bob");
    assertEquals(ada.awareness.getStates().get(doc.clientID), { name: "Bob" });
    room.leave("bob again");
    assertEquals(ada.awareness.getStates().has(doc.clientID), false);
    share(room.enter("bob once more"), { awareness }, doc);
    await room.quiet();
    assertEquals(ada.awareness.getStates().get(doc.clientID), { name: "Bob" });
  }));
