import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DrmError } from "udrm/core/error.ts";
import type { OpenFile } from "udrm/core/process.ts";
import * as k from "udrm/uapi/d3dkmthk.ts";
import * as nt from "udrm/uapi/ntstatus.ts";
import { D3dkmt } from "./d3dkmt.ts";

/** A node that answers by a function and keeps what was asked. */
function node(answer: () => number): { readonly dxg: D3dkmt; readonly asked: [request: number, arg: unknown][] } {
  const asked: [number, unknown][] = [];
  const ioctl = (request: number, arg: unknown): number => {
    asked.push([request, arg]);
    return answer();
  };
  const wait = (request: number, arg: unknown): Promise<number> => Promise.resolve().then(() => ioctl(request, arg));
  return { dxg: new D3dkmt({ ioctl, wait } as unknown as OpenFile), asked };
}

const calls = (dxg: D3dkmt) => {
  const names = Object.getOwnPropertyNames(D3dkmt.prototype).filter((name) => name.startsWith("D3DKMT"));
  return names.map((name) => [name, (dxg as unknown as Record<string, (arg: unknown) => number>)[name]] as const);
};

Deno.test("every ioctl that dxgkrnl implements has one call, which passes its argument on", () => {
  const { dxg, asked } = node(() => 0);
  for (const [, call] of calls(dxg)) call.call(dxg, asked);
  assertEquals(asked.map(([request]) => request), k.DXG_IOCTLS.filter((i) => i.implemented).map((i) => i.request));
  assertEquals(asked.every(([, arg]) => arg === asked), true);
});

Deno.test("calls are named after their ioctls", () => {
  const { dxg, asked } = node(() => 0);
  const renamed = new Map([
    ["CREATEALLOCATION2", "CREATEALLOCATION"],
    ["CREATESYNCHRONIZATIONOBJECT2", "CREATESYNCHRONIZATIONOBJECT"],
    ["SIGNALSYNCHRONIZATIONOBJECT2", "SIGNALSYNCHRONIZATIONOBJECT"],
    ["WAITFORSYNCHRONIZATIONOBJECT2", "WAITFORSYNCHRONIZATIONOBJECT"],
    ["UPDATEALLOCATIONPROPERTY", "UPDATEALLOCPROPERTY"],
  ]);
  for (const [name, call] of calls(dxg)) {
    call.call(dxg, undefined);
    const upper = name.slice("D3DKMT".length).toUpperCase();
    const ioctl = k.dxgIoctl(asked[asked.length - 1][0])?.name.replace(/^LX_(DX)?/, "");
    assertEquals(ioctl, renamed.get(upper) ?? upper);
  }
});

Deno.test("statuses pass through, and errnos become statuses", async () => {
  const arg = k.d3dkmt_destroydevice.of({ device: 0x40000000 });
  for (const status of [0, nt.STATUS_PENDING, nt.STATUS_TIMEOUT]) {
    const { dxg, asked } = node(() => status);
    assertEquals(dxg.D3DKMTDestroyDevice(arg), status);
    assertEquals(asked, [[k.LX_DXDESTROYDEVICE, arg]]);
    assertEquals(await dxg.wait(k.LX_DXDESTROYDEVICE, arg), status);
  }
  const rows = [
    ["EINVAL", nt.STATUS_INVALID_PARAMETER],
    ["ENOMEM", nt.STATUS_NO_MEMORY],
    ["EOVERFLOW", nt.STATUS_BUFFER_TOO_SMALL],
    ["ENOTTY", nt.STATUS_UNSUCCESSFUL],
  ] as const;
  for (const [code, status] of rows) {
    const { dxg } = node(() => {
      throw new DrmError(code, "Cannot do this: a test refuses it");
    });
    assertEquals(dxg.D3DKMTDestroyDevice(arg), status);
    assertEquals(await dxg.wait(k.LX_DXDESTROYDEVICE, arg), status);
  }
});

Deno.test("errors of the program are thrown as they are", async () => {
  const { dxg } = node(() => {
    throw new TypeError("Cannot do this ioctl synchronously");
  });
  const arg = k.d3dkmt_destroydevice.of();
  assertThrows(() => dxg.D3DKMTDestroyDevice(arg), TypeError);
  await assertRejects(() => dxg.wait(k.LX_DXDESTROYDEVICE, arg), TypeError);
});
