// sway as a client, and what it shows.
import type { Rig, Running } from "./rig.ts";

/** Red, green, blue. */
export type Colour = readonly [number, number, number];

/** As sway's configuration has it. */
export const hex = (colour: Colour): string => `#${colour.map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;

/** How many pixels of a rectangle are not of a colour. */
export function others(rig: Rig, colour: Colour, x0: number, y0: number, x1: number, y1: number): number {
  const picture = rig.display.picture();
  if (picture === undefined) return Infinity;
  let wrong = 0;
  for (let y = y0; y < y1; y++) {
    for (let x = x0, at = (y * picture.width + x0) * 4; x < x1; x++, at += 4) {
      const { data } = picture;
      if (data[at] !== colour[0] || data[at + 1] !== colour[1] || data[at + 2] !== colour[2]) wrong++;
    }
  }
  return wrong;
}

/**
 * Starts it. It does not run as root; in a user namespace without a mapping it is nobody.
 *
 * @param rig where. @param folder with its file `config`. @param env more of its environment.
 */
export function startSway(rig: Rig, folder: string, ...env: string[]): Running {
  const nobody = Deno.uid() === 0 ? ["unshare", "--user"] : [];
  return rig.start(
    "env",
    `XDG_RUNTIME_DIR=${folder}`,
    "WLR_BACKENDS=drm,libinput",
    "LIBSEAT_BACKEND=builtin",
    "SEATD_VTBOUND=0",
    ...env,
    ...nobody,
    "sway",
    "-c",
    `${folder}/config`,
  );
}

/** Serves until sway shows what is wanted; each picture is looked at once. @throws {Error} if sway ends before. */
export async function shows(rig: Rig, sway: Running, wanted: () => boolean): Promise<void> {
  let seen = -1;
  await rig.serve(() => {
    if (sway.exited || rig.display.frames() === seen) return sway.exited;
    seen = rig.display.frames();
    return wanted();
  });
  if (sway.exited) throw new Error(`sway has ended: ${(await sway.ended()).err}`);
}
