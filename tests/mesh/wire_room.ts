/** A mesh in one process: its members hear each other by message ports, one for each link. */
import type { Data, Peer, SessionEvents } from "../../lib/mesh/client.ts";
import type { Sharing } from "../../lib/mesh/yjs.ts";

export type Member = Sharing & EventTarget & { readonly peers: Map<string, Peer> };

export interface Room {
  /** A member that is linked to all who are here. */
  enter(id: string): Member;
  /** A member whose links are closed at once. */
  leave(id: string): void;
  /** From now on what the two send each other is lost. */
  cut(id: string, other: string): void;
  /** Gives the two a new link. */
  mend(id: string, other: string): void;
  /** Resolves when nothing is on its way any more. */
  quiet(): Promise<void>;
}

export function openRoom(): Room {
  const members = new Map<string, Member>();
  const ports = new Map<string, MessagePort>();
  const lost = new Set<MessagePort>();
  let onItsWay = 0;
  let settle = () => {};

  function enter(id: string): Member {
    const member: Member = Object.assign(new EventTarget(), {
      peers: new Map<string, Peer>(),
      send: (peerId: string, data: Data): Promise<void> => {
        const port = ports.get(`${id} ${peerId}`);
        if (!port) return Promise.reject(Object.assign(new Error(), { code: "no-such-peer" }));
        if (lost.has(port)) return Promise.resolve();
        onItsWay++;
        port.postMessage(data);
        return Promise.resolve();
      },
    });
    members.set(id, member);
    for (const other of members.keys()) if (other !== id) connect(id, other, "peer");
    return member;
  }

  function connect(id: string, other: string, type: "peer" | "back"): void {
    const [member, otherMember] = [members.get(id)!, members.get(other)!];
    const { port1, port2 } = new MessageChannel();
    attach(member, id, other, port1);
    attach(otherMember, other, id, port2);
    member.peers.set(other, { id: other } as Peer);
    otherMember.peers.set(id, { id } as Peer);
    emit(otherMember, type, { peerId: id });
    emit(member, type, { peerId: other });
  }

  function attach(member: Member, self: string, peerId: string, port: MessagePort): void {
    ports.set(`${self} ${peerId}`, port);
    port.onmessage = ({ data }) => {
      // Of bytes the mesh gives the buffer.
      emit(member, "message", { peerId, data: data instanceof Uint8Array ? data.buffer : data });
      if (--onItsWay === 0) settle();
    };
  }

  function leave(id: string): void {
    const member = members.get(id);
    if (!member) return;
    members.delete(id);
    for (const other of [...member.peers.keys()]) {
      for (const name of [`${id} ${other}`, `${other} ${id}`]) {
        ports.get(name)!.close();
        ports.delete(name);
      }
      members.get(other)?.peers.delete(id);
      emit(members.get(other)!, "leave", { peerId: id });
    }
    member.peers.clear();
    emit(member, "state", { state: "closed" });
  }

  function cut(id: string, other: string): void {
    for (const name of [`${id} ${other}`, `${other} ${id}`]) lost.add(ports.get(name)!);
  }

  function mend(id: string, other: string): void {
    for (const name of [`${id} ${other}`, `${other} ${id}`]) ports.get(name)!.close();
    connect(id, other, "back");
  }

  function quiet(): Promise<void> {
    if (onItsWay === 0) return Promise.resolve();
    return new Promise((resolve) => settle = resolve);
  }

  return { enter, leave, cut, mend, quiet };
}

function emit<K extends keyof SessionEvents>(
  member: EventTarget,
  type: K,
  detail: SessionEvents[K]["detail"],
): void {
  member.dispatchEvent(new CustomEvent(type, { detail }));
}
