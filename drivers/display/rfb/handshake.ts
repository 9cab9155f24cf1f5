/**
 * The beginning of a connection: versions, security, ClientInit (RFC 6143, 7.1 to 7.3).
 * @module
 */

import { Output } from "./output.ts";
import { type Reader, RfbError } from "./transport.ts";
import { vncResponse } from "./des.ts";
import { Security } from "./wire.ts";

/** Sends bytes; resolves when the next may come. */
export type Write = (bytes: Uint8Array) => Promise<void>;

const SUPPORTED = new TextEncoder().encode("RFB 003.008\n");
/** Before a wrong password is answered, ms: guessing takes long. */
const WRONG_DELAY = 1000;

const text = (message: string): Uint8Array => new TextEncoder().encode(message);

/** The minor version of what a viewer says; those that are none of 3 and 7 are 8, as newer ones and Apple's 889 mean it. @throws {RfbError} */
export function minorVersion(line: Uint8Array): 3 | 7 | 8 {
  const match = /^RFB (\d{3})\.(\d{3})\n$/.exec(String.fromCharCode(...line));
  if (match === null) throw new RfbError("it speaks no RFB");
  const major = Number(match[1]), minor = Number(match[2]);
  if (major < 3 || major === 3 && minor < 3) throw new RfbError(`it speaks RFB ${major}.${minor}`);
  if (major > 3) return 8;
  // 3.5 was never published: it is 3.3 (7.1.1).
  return minor < 7 ? 3 : minor === 7 ? 7 : 8;
}

// Compares all bytes, so that the time says nothing.
function equal(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= a[i] ^ b[i];
  return difference === 0;
}

async function authenticate(reader: Reader, write: Write, password: string): Promise<boolean> {
  const challenge = crypto.getRandomValues(new Uint8Array(16));
  await write(challenge);
  if (equal(await reader.take(16), vncResponse(password, challenge))) return true;
  await new Promise((resolve) => setTimeout(resolve, WRONG_DELAY));
  return false;
}

/**
 * Does it, up to and with ClientInit.
 *
 * @param password undefined for no authentication. @returns whether the viewer wants to share the screen.
 * @throws {RfbError} for a wrong password, and for what the protocol does not allow.
 */
export async function handshake(reader: Reader, write: Write, password: string | undefined): Promise<boolean> {
  await write(SUPPORTED);
  const version = minorVersion(await reader.take(12));
  const type = password === undefined ? Security.none : Security.vnc;
  if (version === 3) await write(new Output(4).u32(type).written);
  else {
    await write(Uint8Array.of(1, type));
    const [chosen] = await reader.take(1);
    if (chosen !== type) {
      if (version === 8) {
        const reason = text("this security type was not offered");
        await write(new Output(64).u32(1).u32(reason.length).raw(reason).written);
      }
      throw new RfbError(`it chose security type ${chosen}`);
    }
  }
  const ok = password === undefined || await authenticate(reader, write, password);
  if (!ok) {
    const reason = text("the password is wrong");
    const out = new Output(64).u32(1);
    if (version === 8) out.u32(reason.length).raw(reason);
    await write(out.written);
    throw new RfbError("its password is wrong");
  }
  if (password !== undefined || version === 8) await write(new Output(4).u32(0).written);
  return (await reader.take(1))[0] !== 0;
}
