import { assertEquals, assertThrows } from "@std/assert";
import { VK_API_VERSION_1_2, VK_API_VERSION_1_3 } from "./generated/mod.ts";
import { choose, type DeviceType, type PhysicalDeviceInfo } from "./physical_device.ts";

function device(index: number, name: string, type: DeviceType, apiVersion = VK_API_VERSION_1_3): PhysicalDeviceInfo {
  const uuid = index.toString(16).padStart(32, "a");
  return {
    index,
    name,
    type,
    driverID: 1,
    driver: `${name} driver`,
    vendorID: 1,
    deviceID: 1,
    apiVersion,
    uuid,
    renderNode: undefined,
  };
}
const cpu = device(0, "llvmpipe", "cpu"), igpu = device(1, "Iris", "integrated"), big = device(2, "Hopper", "discrete");
const big2 = device(3, "Hopper", "discrete");

Deno.test("choose prefers real GPUs to the CPU and says why", () => {
  assertEquals(choose([cpu, igpu, big]).device, big);
  assertEquals(choose([cpu, igpu]).device, igpu);
  assertEquals(choose([cpu, igpu, big]).reason, "Hopper (discrete, Hopper driver): the only discrete GPU of 3 devices");
  assertEquals(choose([big, big2]).reason.endsWith("first of 2 discrete GPUs"), true);
});

Deno.test("choose takes the CPU only alone or by wish, and says so", () => {
  assertEquals(choose([cpu]).reason, "CPU rendering: llvmpipe (cpu, llvmpipe driver): it is the only device");
  assertEquals(choose([cpu, big], "cpu").reason, 'CPU rendering: llvmpipe (cpu, llvmpipe driver): "cpu" was asked for');
});

Deno.test("choose matches index, name, kind and UUID", () => {
  const all = [cpu, igpu, big, big2];
  assertEquals([choose(all, "3").device, choose(all, "IRIS").device, choose(all, "integrated").device], [
    big2,
    igpu,
    igpu,
  ]);
  assertEquals(choose(all, big.uuid).device, big);
  assertEquals(choose(all, "hopper").reason.endsWith("the best of 2 matches"), true);
});

Deno.test("choose fails loudly: nothing there, no match, or a GPU that is too old", () => {
  assertThrows(() => choose([]), Error, "mesa-vulkan-drivers");
  assertThrows(() => choose([cpu, igpu], "nvidia"), Error, 'Cannot choose GPU "nvidia": Vulkan offers 0: llvmpipe');
  assertThrows(() => choose([cpu], "7"), Error, 'Cannot choose GPU "7"');
  const old = device(1, "Old", "discrete", VK_API_VERSION_1_2);
  assertThrows(() => choose([cpu, old]), Error, "Cannot use Old: it offers Vulkan 1.2");
});
