/**
 * A monitor is plugged into a device while a program uses it; then the device itself goes. The counterpart of what
 * configfs does for vkms in the kernel. No GPU, no permission:
 *
 *     deno run examples/hotplug.ts
 * @module
 */

import { openCard } from "@udrm/udrm/umd/drm";
import { createSystem, DrmError, VirtualClock, VkmsDevices } from "@udrm/udrm";

using system = createSystem({ clock: new VirtualClock() });
using devices = new VkmsDevices(system);

// What udev would hear.
system.onUevent(({ action, device, properties }) => console.log(`uevent: ${action} ${device.name}`, properties));

// The same could come from a JSON file: parseVkmsConfig(JSON.parse(text)).
const desk = devices.create("desk", {
  crtcs: [{}, {}],
  connectors: [{ type: "DP", modes: ["2560x1440@144"] }, { type: "HDMI-A", status: "disconnected" }],
});
desk.enable();

using card = openCard(system.process({ comm: "compositor" }));
function list(): void {
  for (const { name, modes } of card.connectors()) {
    const [best] = modes;
    console.log(`  ${name}: ${best === undefined ? "nothing" : `${best.name}@${best.vrefresh}`}`);
  }
}
list();

desk.vkms?.setPlug(1, { status: "connected", modes: ["3840x2160", "1920x1080"] });
list();

// Only what differs changes: the second monitor goes, a third connector comes.
desk.configure({ ...desk.config, connectors: [{ type: "DP", modes: ["2560x1440@144"] }, { type: "eDP" }] });
list();

desk.disable();
try {
  card.resources();
} catch (error) {
  if (!(error instanceof DrmError)) throw error;
  console.log(`${error.code}: ${error.message}`);
}
