/** A mesh in one process: its members hear each other by message ports, one for each link. */
import type { Data, Peer, SessionEvents } from "../../lib/mesh/client.ts";
import type { Sharing } from "../../lib/mesh/yjs.ts";

export type Member = Sharing & EventTarget & { readonly peers: Map<string, Peer> };

export interface Room {
  /** A member that is linked to all who are here. */
  enter(id: string): Member;
  /** A member whose links are closed at once. */
  leave(id: string): void;
  /** Resolves when nothing is on its way any more. */
  quiet(): Promise<void>;
}

export function openRoom(): Room {
  const members = new Map<string, Member>();
  const ports = new Map<string, MessagePort>();
  let onItsWay = 0;
  let settle = () => {};

  function enter(id: string): Member {
    const member: Member = Object.assign(new EventTarget(), {
      peers: new Map<string, Peer>(),
      send: (peerId: string, data: Data): Promise<void> => {
        const port = ports.get(`${id} ${peerId}`);
        if (!port) return Promise.reject(Object.assign(new Error(), { code: "no-such-peer" }));
        onItsWay++;
        port.postMessage(data);
        return Promise.resolve();
      },
    });
    for (const [other, { peers }] of members) {
      const { port1, port2 } = new MessageChannel();
      attach(member, id, other, port1);
      attach(members.get(other)!, other, id, port2);
      peers.set(id, peer(id));
      member.peers.set(other, peer(other));
    }
    for (const other of member.peers.keys()) {
      emit(members.get(other)!, "peer", { peerId: id });
      emit(member, "peer", { peerId: other });
    }
    members.set(id, member);
    return member;
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
        ports.get(name)?.close();
        ports.delete(name);
      }
      members.get(other)?.peers.delete(id);
      emit(members.get(other)!, "leave", { peerId: id });
    }
    member.peers.clear();
    emit(member, "state", { state: "closed" });
  }

  function quiet(): Promise<void> {
    if (onItsWay === 0) return Promise.resolve();
    return new Promise((resolve) => settle = resolve);
  }

  return { enter, leave, quiet };
}

function emit<K extends keyof SessionEvents>(
  member: EventTarget,
  type: K,
  detail: SessionEvents[K]["detail"],
): void {
  member.dispatchEvent(new CustomEvent(type, { detail }));
}

function peer(id: string): Peer {
  return { id } as Peer;
}
