/**
 * GL programs of Debian: how each is run, and what it says of its speed.
 * @module
 */

/** A program. */
export interface Program {
  /** A name for people. */
  readonly name: string;
  /** What is run. */
  readonly command: readonly string[];
  /** Seconds after which it is ended; one that ends by itself must do so before. */
  readonly seconds: number;
  /** Whether it ends by itself. */
  readonly ends: boolean;
  /** When the screen is looked at, seconds after the start; absent: it draws off-screen. */
  readonly look?: number;
  /** Frames a second, from what it printed. */
  readonly fps?: (output: string) => number | undefined;
}

const first = (pattern: RegExp) => (output: string): number | undefined => {
  const found = pattern.exec(output)?.[1];
  return found === undefined ? undefined : Number(found);
};

/** glxgears' own figure: it prints one each five seconds. */
export const glxgears: Program = {
  name: "glxgears",
  command: ["glxgears", "-geometry", "300x300+0+0"],
  seconds: 5.8,
  ends: false,
  look: 3,
  fps: first(/([\d.]+) FPS/),
};

/** The GLES twin of it. */
export const es2gears: Program = {
  name: "es2gears",
  command: ["stdbuf", "-oL", "es2gears_x11"], // it does not flush what it prints
  seconds: 5.8,
  ends: false,
  look: 3,
  fps: first(/([\d.]+) FPS/),
};

/** The scenes that glmark2 runs by default, version 2023.01. */
export const GLMARK2_SCENES: readonly string[] = [
  "build:use-vbo=false",
  "build:use-vbo=true",
  "texture:texture-filter=nearest",
  "texture:texture-filter=linear",
  "texture:texture-filter=mipmap",
  "shading:shading=gouraud",
  "shading:shading=blinn-phong-inf",
  "shading:shading=phong",
  "shading:shading=cel",
  "bump:bump-render=high-poly",
  "bump:bump-render=normals",
  "bump:bump-render=height",
  "effect2d:kernel=0,1,0;1,-4,1;0,1,0;",
  "effect2d:kernel=1,1,1,1,1;1,1,1,1,1;1,1,1,1,1;",
  "pulsar:light=false:quads=5:texture=false",
  "desktop:blur-radius=5:effect=blur:passes=1:separable=true:windows=4",
  "desktop:effect=shadow:windows=4",
  "buffer:columns=200:interleave=false:update-dispersion=0.9:update-fraction=0.5:update-method=map",
  "buffer:columns=200:interleave=false:update-dispersion=0.9:update-fraction=0.5:update-method=subdata",
  "buffer:columns=200:interleave=true:update-dispersion=0.9:update-fraction=0.5:update-method=map",
  "ideas:speed=duration",
  "jellyfish",
  "terrain",
  "shadow",
  "refract",
  "conditionals:fragment-steps=0:vertex-steps=0",
  "conditionals:fragment-steps=5:vertex-steps=0",
  "conditionals:fragment-steps=0:vertex-steps=5",
  "function:fragment-complexity=low:fragment-steps=5",
  "function:fragment-complexity=medium:fragment-steps=5",
  "loop:fragment-loop=false:fragment-steps=5:vertex-steps=5",
  "loop:fragment-steps=5:fragment-uniform=false:vertex-steps=5",
  "loop:fragment-steps=5:fragment-uniform=true:vertex-steps=5",
];

/** A scene of glmark2, off-screen at 800x600. @param program "glmark2" or "glmark2-es2". @param seconds it draws. */
export function glmark2(program: "glmark2" | "glmark2-es2", scene: string, seconds: number): Program {
  const options = scene.includes(":") ? `${scene}:duration=${seconds}` : `${scene}:duration=${seconds}`;
  return {
    name: `${program} ${scene}`,
    command: [program, "--off-screen", "-s", "800x600", "-b", options],
    seconds: seconds + 60,
    ends: true,
    fps: first(/: FPS: ([\d.]+)/),
  };
}

/** OpenArena's demo in one of its renderers, to its end. */
export function openarena(renderer: "opengl1" | "opengl2"): Program {
  const settings = {
    com_hunkMegs: 512,
    com_zoneMegs: 32,
    cl_renderer: renderer,
    r_fullscreen: 0,
    r_mode: -1,
    r_customwidth: 640,
    r_customheight: 480,
    r_swapInterval: 0,
    s_initsound: 0,
    com_introplayed: 1,
    timedemo: 1,
    nextdemo: "quit",
  };
  const args = Object.entries(settings).flatMap(([key, value]) => ["+set", key, String(value)]);
  return {
    name: `openarena ${renderer}`,
    command: ["/usr/games/openarena", ...args, "+demo", "demo088-test1"],
    seconds: 400,
    ends: true,
    look: 20,
    fps: first(/([\d.]+) fps/),
  };
}

/** A program that draws until it is ended, on the screen. */
export function endless(name: string, command: readonly string[], seconds = 8): Program {
  return { name, command, seconds, ends: false, look: seconds - 1 };
}
