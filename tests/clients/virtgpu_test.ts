// The requests of virtio-gpu with 3D, one by one, from a C program: virtgpu_client.c and virtgpu_exec.c say what is demanded.
import { assertEquals } from "@std/assert";
import { drivers } from "udrm/mod.ts";
import { compile, Rig } from "./rig.ts";

const client = (): string => compile("virtgpu_client.c", "virtgpu_exec.c");

const TESTS: readonly [name: string, what: string][] = [
  ["param", "L2 GETPARAM writes an int; unknown is EINVAL before EFAULT"],
  ["caps", "GET_CAPS copies what there is, or what is asked for, and makes no context"],
  ["context", "L5 CONTEXT_INIT keeps what was right before the parameter that is wrong"],
  ["implied", "L5 which requests make a context, whatever becomes of them"],
  ["resources", "RESOURCE_CREATE, RESOURCE_INFO, MAP, TRANSFER and WAIT, from two files"],
  ["dumb", "a dumb buffer is a texture that 3D transfers move"],
  ["blobs", "L6 RESOURCE_CREATE_BLOB: every combination that cannot be, and sizes that nothing has"],
  ["exec", "L7 EXECBUFFER's errors in their order, its fence fds, and older arguments"],
  ["syncobjs", "L7 EXECBUFFER's syncobjs: points, resets, strides"],
  ["rings", "EXECBUFFER on rings: events of those that are polled, 4096 bytes of them"],
  ["waits", "EXECBUFFER and WAIT wait for what is foreign, until a signal; a full ring keeps its order"],
  ["lost", "a wrong command loses its context and nobody else's"],
];

const virgl = (): Promise<Rig> =>
  Rig.make((display) => [drivers.virtioGpu({ display, renderer: "virgl", completionEvents: true })]);

for (const [name, what] of TESTS) {
  Deno.test(`virtio-gpu 3D: ${what}`, async () => {
    await using rig = await virgl();
    assertEquals(await rig.run(client(), name), { code: 0, out: "", err: "" });
    const { server } = rig;
    await rig.serve(() => server.clients + server.files + server.dmaBufs + server.pipes === 0, 5);
    assertEquals([rig.system.devices[0].files.size, rig.errors], [0, []]);
  });
}

Deno.test("virtio-gpu 3D: all of it by udrm run --renderer virgl", async () => {
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "cli/main.ts", "run", "--renderer", "virgl", "--", client(), ...TESTS.map(([name]) => name)],
    cwd: new URL("../../", import.meta.url),
    stdin: "null",
    stderr: "null",
  }).output();
  assertEquals({ code, out: new TextDecoder().decode(stdout) }, { code: 0, out: "" });
});
