/** What the browser itself must bring. */
import { failed, type Finding, ok } from "./finding.ts";

export function checkBrowser(): Finding {
  if (!globalThis.RTCPeerConnection) {
    return failed(
      "This browser has no WebRTC, or a setting, an extension or a policy turns it off. " +
        "Use a current Chrome, Edge, Firefox or Safari.",
    );
  }
  try {
    const connection = new RTCPeerConnection();
    connection.createDataChannel("check").close();
    connection.close();
    return ok("This browser has WebRTC with data channels.");
  } catch (error) {
    return failed(
      `This browser has WebRTC but makes no connection (${(error as Error).message}). ` +
        "Close other tabs that call or share, load the page again, and look for extensions that block it.",
    );
  }
}

export function checkEncryption(): Finding {
  if (globalThis.isSecureContext && globalThis.crypto?.subtle) {
    return ok("This page is secure, so the browser encrypts for it (WebCrypto).");
  }
  return failed(
    "This page was not loaded securely, and browsers encrypt (WebCrypto) only for pages that were. " +
      "Open it by https://, or on localhost while developing.",
  );
}
