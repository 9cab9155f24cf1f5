/**
 * What recording Vulkan commands costs here, against the same calls from C (vk_cmd.c), both on lavapipe, alternately, in one run.
 * `deno run -A tests/bench/vk_cmd.ts` prints JSON. Needs gcc, libvulkan-dev and mesa-vulkan-drivers.
 *
 * glibc gives heap back and takes it again inside lavapipe's recorder, which would swamp the call: both sides run with trimming off.
 */
import { fileURLToPath } from "node:url";
import { Arena } from "../../drivers/host/vulkan/arena.ts";
import { Device } from "../../drivers/host/vulkan/device.ts";
import {
  VK_BUFFER_USAGE_TRANSFER_DST_BIT,
  VK_BUFFER_USAGE_TRANSFER_SRC_BIT,
  VK_SHADER_STAGE_VERTEX_BIT,
  VkBufferCopy,
  VkPipelineLayoutCreateInfo,
} from "../../drivers/host/vulkan/generated/mod.ts";
import { Instance } from "../../drivers/host/vulkan/instance.ts";
import { choosePhysicalDevice } from "../../drivers/host/vulkan/physical_device.ts";

/** One figure beside its reference. */
export interface BenchResult {
  /** What was measured. */
  readonly name: string;
  /** Its value. */
  readonly value: number;
  /** The unit of both values. */
  readonly unit: string;
  /** What it is compared with. */
  readonly reference: string;
  /** The reference's value. */
  readonly referenceValue: number;
  /** value / referenceValue. */
  readonly ratio: number;
}

const calls = 2_000;
const rounds = 500;
const passes = 5;
const commandNames = ["vkCmdDraw", "vkCmdCopyBuffer", "vkCmdPushConstants"] as const;
const environment = {
  VK_ICD_FILENAMES: "/usr/share/vulkan/icd.d/lvp_icd.x86_64.json",
  MALLOC_TRIM_THRESHOLD_: "2000000000",
  MALLOC_TOP_PAD_: "67108864",
  UDRM_VULKAN_VALIDATION: "0",
};

/** Records the same commands as vk_cmd.c; nanoseconds a call, of the least disturbed round. */
function measure(name: string): number {
  using instance = new Instance({ validation: false });
  using device = new Device(instance, choosePhysicalDevice(instance).device);
  const { vk, queue } = device;
  using buffer = device.createBuffer({
    size: 65536,
    usage: VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT,
  });
  const m = new Arena(4096);
  const out = m.alloc(8);
  const info = m.put(VkPipelineLayoutCreateInfo, {
    pPushConstantRanges: [{ stageFlags: VK_SHADER_STAGE_VERTEX_BIT, offset: 0, size: 16 }],
  });
  device.check(vk.vkCreatePipelineLayout(device.handle, info, 0n, m.address(out)), "vkCreatePipelineLayout");
  const layout = m.u64[out >>> 3];
  const words = m.alloc(16), wordsAddress = m.address(words), w = words >>> 2;
  const region = m.place(VkBufferCopy, { srcOffset: 0n, dstOffset: 32768n, size: 256n }),
    regionAddress = m.address(region),
    r = region >>> 2;
  const { u32 } = m;

  const draw = (cmd: bigint) => {
    for (let i = 0; i < calls; i++) vk.vkCmdDraw(cmd, 3, 1, i, 0);
  };
  const copy = (cmd: bigint) => {
    for (let i = 0; i < calls; i++) {
      u32[r] = i & 1023;
      vk.vkCmdCopyBuffer(cmd, buffer.handle, buffer.handle, 1, regionAddress);
    }
  };
  const push = (cmd: bigint) => {
    for (let i = 0; i < calls; i++) {
      u32[w] = i;
      vk.vkCmdPushConstants(cmd, layout, VK_SHADER_STAGE_VERTEX_BIT, 0, 16, wordsAddress);
    }
  };
  const record = { vkCmdDraw: draw, vkCmdCopyBuffer: copy, vkCmdPushConstants: push }[name];
  if (record === undefined) throw new RangeError(`Cannot measure ${name}`);
  let best = Infinity;
  for (let round = -2; round < rounds; round++) {
    const commands = queue.begin();
    const start = performance.now();
    record(commands.handle);
    if (round >= 0) best = Math.min(best, (performance.now() - start) * 1e6 / calls);
    queue.discard(commands);
  }
  vk.vkDestroyPipelineLayout(device.handle, layout, 0n);
  return best;
}

async function output(command: string, args: readonly string[]): Promise<string> {
  const run = await new Deno.Command(command, { args: [...args], env: environment, stderr: "inherit" }).output();
  if (!run.success) throw new Error(`Cannot measure: ${command} ended with ${run.code}`);
  return new TextDecoder().decode(run.stdout);
}

/** Builds the C side, measures both in turn, and compares the least disturbed passes of each. */
export async function bench(): Promise<BenchResult[]> {
  const folder = await Deno.makeTempDir();
  try {
    const source = fileURLToPath(new URL("./vk_cmd.c", import.meta.url));
    await output("gcc", ["-O2", "-Wall", "-o", `${folder}/vk_cmd`, source, "-lvulkan"]);
    const self = import.meta.url;
    const results: BenchResult[] = [];
    for (const name of commandNames) { // a process each: what one kind leaves in the heap slows the next
      let value = Infinity, referenceValue = Infinity;
      for (let pass = 0; pass < passes; pass++) {
        referenceValue = Math.min(
          referenceValue,
          Number(await output(`${folder}/vk_cmd`, [name, String(calls), String(rounds)])),
        );
        value = Math.min(
          value,
          Number(await output(Deno.execPath(), ["run", "-A", "--no-check", self, "--measure", name])),
        );
      }
      results.push({
        name,
        value,
        unit: "ns/call",
        reference: "C, libvulkan exports",
        referenceValue,
        ratio: value / referenceValue,
      });
    }
    return results;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) {
  if (Deno.args[0] === "--measure") console.log(measure(Deno.args[1]));
  else console.log(JSON.stringify(await bench(), null, 2));
}
