// What the demo and the tests need of the machine beyond Deno: each thing by the files that prove it is there, and the package
// that brings it on the distributions whose names are known.

/** What the machine is prepared for. */
export type Purpose = "demo" | "test";

/** The families of distributions whose package names are known. */
export type Family = "debian" | "fedora" | "arch";

/** One thing the machine needs. */
export interface Requirement {
  /** What it is for, in a few words. */
  readonly what: string;
  /** Purposes that need it. */
  readonly purposes: readonly Purpose[];
  /**
   * It is there if one of these exists: paths, in which `{lib}` stands for each library folder, `{bin}` for each folder of PATH,
   * and `*` for anything within a file name.
   */
  readonly files: readonly string[];
  /** The package that brings it. */
  readonly packages: Readonly<Record<Family, string>>;
}

const BOTH: readonly Purpose[] = ["demo", "test"];
const TEST: readonly Purpose[] = ["test"];

/** Everything the project needs of the machine. */
export const REQUIREMENTS: readonly Requirement[] = [
  {
    what: "the Vulkan loader",
    purposes: BOTH,
    files: ["{lib}/libvulkan.so.1"],
    packages: { debian: "libvulkan1", fedora: "vulkan-loader", arch: "vulkan-icd-loader" },
  },
  {
    what: "a Vulkan driver",
    purposes: ["demo"],
    files: ["/usr/share/vulkan/icd.d/*.json", "/etc/vulkan/icd.d/*.json", "/usr/local/share/vulkan/icd.d/*.json"],
    packages: { debian: "mesa-vulkan-drivers", fedora: "mesa-vulkan-drivers", arch: "vulkan-swrast" },
  },
  {
    what: "the Vulkan driver on the CPU (lavapipe), so that pictures do not depend on a GPU",
    purposes: TEST,
    files: ["/usr/share/vulkan/icd.d/lvp_icd*.json", "/etc/vulkan/icd.d/lvp_icd*.json"],
    packages: { debian: "mesa-vulkan-drivers", fedora: "mesa-vulkan-drivers", arch: "vulkan-swrast" },
  },
  {
    what: "a C compiler, to compare layouts with the headers'",
    purposes: TEST,
    files: ["{bin}/gcc"],
    packages: { debian: "gcc", fedora: "gcc", arch: "gcc" },
  },
  {
    what: "C library headers",
    purposes: TEST,
    files: ["/usr/include/stdio.h"],
    packages: { debian: "libc6-dev", fedora: "glibc-devel", arch: "glibc" },
  },
  {
    what: "libdrm headers",
    purposes: TEST,
    files: ["/usr/include/libdrm/drm.h"],
    packages: { debian: "libdrm-dev", fedora: "libdrm-devel", arch: "libdrm" },
  },
  {
    what: "libdrm's test programs, as clients",
    purposes: TEST,
    files: ["{bin}/modetest"],
    packages: { debian: "libdrm-tests", fedora: "drm-utils", arch: "libdrm" },
  },
  {
    what: "drm_info, as a client",
    purposes: TEST,
    files: ["{bin}/drm_info"],
    packages: { debian: "drm-info", fedora: "drm_info", arch: "drm_info" },
  },
  {
    what: "kmscube, as a client that draws with OpenGL ES",
    purposes: TEST,
    files: ["{bin}/kmscube"],
    packages: { debian: "kmscube", fedora: "kmscube", arch: "kmscube" },
  },
  {
    what: "glmark2, as a client that draws with OpenGL ES",
    purposes: TEST,
    files: ["{bin}/glmark2-es2-drm"],
    packages: { debian: "glmark2-es2-drm", fedora: "glmark2", arch: "glmark2" },
  },
  {
    what: "eglinfo, glxgears and their like, as clients that draw with OpenGL",
    purposes: TEST,
    files: ["{bin}/eglinfo"],
    packages: { debian: "mesa-utils", fedora: "egl-utils", arch: "mesa-utils" },
  },
  {
    what: "glmark2 for X11, with OpenGL",
    purposes: TEST,
    files: ["{bin}/glmark2"],
    packages: { debian: "glmark2-x11", fedora: "glmark2", arch: "glmark2" },
  },
  {
    what: "glmark2 for X11, with OpenGL ES",
    purposes: TEST,
    files: ["{bin}/glmark2-es2"],
    packages: { debian: "glmark2-es2-x11", fedora: "glmark2", arch: "glmark2" },
  },
  {
    what: "Xvfb, the screen of clients of X11",
    purposes: TEST,
    files: ["{bin}/Xvfb"],
    packages: { debian: "xvfb", fedora: "xorg-x11-server-Xvfb", arch: "xorg-server-xvfb" },
  },
  {
    what: "virgl_test_server, to compare udrm vtest with",
    purposes: TEST,
    files: ["{bin}/virgl_test_server"],
    packages: { debian: "virgl-server", fedora: "virglrenderer-test-server", arch: "virglrenderer" },
  },
  {
    what: "sway, a Wayland compositor, as a client",
    purposes: TEST,
    files: ["{bin}/sway"],
    packages: { debian: "sway", fedora: "sway", arch: "sway" },
  },
  {
    what: "libinput's tools, as clients",
    purposes: TEST,
    files: ["{bin}/libinput"],
    packages: { debian: "libinput-tools", fedora: "libinput-utils", arch: "libinput-tools" },
  },
  {
    what: "gvnccapture, a VNC viewer that saves what it sees",
    purposes: TEST,
    files: ["{bin}/gvnccapture"],
    packages: { debian: "gvncviewer", fedora: "gvnc-tools", arch: "gtk-vnc" },
  },
  {
    what: "udevadm, as a client",
    purposes: TEST,
    files: ["{bin}/udevadm"],
    packages: { debian: "udev", fedora: "systemd-udev", arch: "systemd" },
  },
  {
    what: "libudev's headers",
    purposes: TEST,
    files: ["/usr/include/libudev.h"],
    packages: { debian: "libudev-dev", fedora: "systemd-devel", arch: "systemd-libs" },
  },
  {
    what: "Mesa's drivers for clients: on the CPU, and virgl's",
    purposes: TEST,
    files: ["{lib}/dri/kms_swrast_dri.so"],
    packages: { debian: "libgl1-mesa-dri", fedora: "mesa-dri-drivers", arch: "mesa" },
  },
  {
    what: "Chromium, to look at the page of --display web",
    purposes: TEST,
    files: ["{bin}/chromium", "{bin}/chromium-browser", "{bin}/google-chrome"],
    packages: { debian: "chromium", fedora: "chromium", arch: "chromium" },
  },
  {
    what: "libsixel's decoder, to read what --display term draws",
    purposes: TEST,
    files: ["{bin}/sixel2png"],
    packages: { debian: "libsixel-bin", fedora: "libsixel-utils", arch: "libsixel" },
  },
  {
    what: "kernel headers",
    purposes: TEST,
    files: ["/usr/include/linux/virtio_gpu.h"],
    packages: { debian: "linux-libc-dev", fedora: "kernel-headers", arch: "linux-api-headers" },
  },
  {
    what: "Vulkan headers",
    purposes: TEST,
    files: ["/usr/include/vulkan/vulkan.h"],
    packages: { debian: "libvulkan-dev", fedora: "vulkan-headers", arch: "vulkan-headers" },
  },
  {
    what: "Vulkan's validation layers",
    purposes: TEST,
    files: ["/usr/share/vulkan/explicit_layer.d/VkLayer_khronos_validation.json"],
    packages: {
      debian: "vulkan-validationlayers",
      fedora: "vulkan-validation-layers",
      arch: "vulkan-validation-layers",
    },
  },
  {
    what: "the SPIR-V validator",
    purposes: TEST,
    files: ["{bin}/spirv-val"],
    packages: { debian: "spirv-tools", fedora: "spirv-tools", arch: "spirv-tools" },
  },
];

/** What a check looks at. */
export interface Machine {
  /** Whether a path exists; the last part of it may hold `*`. */
  exists(path: string): boolean;
  /** The folders of PATH. */
  readonly bin: readonly string[];
  /** The folders that hold libraries. */
  readonly lib: readonly string[];
}

/**
 * What is missing.
 *
 * @param purpose what the machine is prepared for
 * @param machine where to look
 * @returns the requirements that are not met, in the table's order
 */
export function missing(purpose: Purpose, machine: Machine): Requirement[] {
  const present = (file: string): boolean => {
    if (file.startsWith("{lib}")) return machine.lib.some((folder) => machine.exists(folder + file.slice(5)));
    if (file.startsWith("{bin}")) return machine.bin.some((folder) => machine.exists(folder + file.slice(5)));
    return machine.exists(file);
  };
  return REQUIREMENTS.filter(({ purposes, files }) => purposes.includes(purpose) && !files.some(present));
}

/**
 * The packages that bring what is missing.
 *
 * @param requirements what is missing
 * @param family whose names
 * @returns each package once
 */
export function packagesFor(requirements: readonly Requirement[], family: Family): string[] {
  return [...new Set(requirements.map(({ packages }) => packages[family]))];
}

/**
 * The family a distribution belongs to.
 *
 * @param osRelease the text of /etc/os-release (os-release(5))
 * @returns the family, undefined if it is none of those known
 */
export function familyOf(osRelease: string): Family | undefined {
  const words = new Set<string>();
  for (const [, key, value] of osRelease.matchAll(/^(ID|ID_LIKE)=(.*)$/gm)) {
    if (key !== "") { for (const word of value.replace(/["']/g, "").split(/\s+/)) words.add(word); }
  }
  if (words.has("debian") || words.has("ubuntu")) return "debian";
  if (words.has("fedora") || words.has("rhel")) return "fedora";
  return words.has("arch") ? "arch" : undefined;
}

/**
 * This machine.
 *
 * @returns where to look, and how
 */
export function thisMachine(): Machine {
  const triplet = `${Deno.build.arch}-linux-gnu`;
  const extra = Deno.env.get("LD_LIBRARY_PATH")?.split(":") ?? [];
  return {
    bin: (Deno.env.get("PATH") ?? "").split(":").filter((folder) => folder !== ""),
    lib: [
      ...extra,
      `/usr/lib/${triplet}`,
      `/lib/${triplet}`,
      "/usr/local/lib",
      "/usr/lib64",
      "/lib64",
      "/usr/lib",
      "/lib",
    ]
      .filter((folder) => folder !== ""),
    exists: (path) => {
      const slash = path.lastIndexOf("/");
      const [folder, name] = [path.slice(0, slash), path.slice(slash + 1)];
      try {
        if (!name.includes("*")) {
          Deno.statSync(path);
          return true;
        }
        const pattern = new RegExp(
          `^${name.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&")).join(".*")}$`,
        );
        for (const entry of Deno.readDirSync(folder)) if (pattern.test(entry.name)) return true;
      } catch { /* what cannot be seen is not there */ }
      return false;
    },
  };
}
